package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// judge reads everything back, checks the histories and writes it all up.
func (r *run) judge(ctx context.Context) *Report {
	r.cfg.Event("reading every write back")
	rep := &Report{Seed: r.cfg.Seed}
	rep.Acknowledged = r.audit(ctx)
	r.lastReads(ctx)
	r.cfg.Event("checking the histories of the contended keys")
	r.judgeHistories(rep)
	for _, text := range r.target.Crashes() {
		r.faults.add(Crashed, text)
	}
	rep.Gaps = r.gaps.summary()
	if missing := r.missing(rep); missing != "" {
		r.faults.add(ProvedLittle, missing)
	}
	rep.Done, rep.Refused, rep.Unknown = r.tally.done.Load(), r.tally.refused.Load(), r.tally.unknown.Load()
	rep.Moved, rep.StaleChecks = r.tally.moved.Load(), r.tally.reads.Load()
	rep.Codes, rep.Odd = r.tally.codes()
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	rep.Faults, rep.Texts = r.faults.mu.count, r.faults.mu.texts
	return rep
}

// judgeHistories asks porcupine about each contended key.
func (r *run) judgeHistories(rep *Report) {
	for _, j := range r.recorder.Check(2, r.cfg.Decide) {
		rep.Histories++
		rep.HistoryOps += j.Ops
		switch j.Verdict {
		case history.Unlinearizable:
			r.faults.add(Unlinear, j.Key.Name+": no order of its operations explains the answers"+r.draw(&j))
		case history.RefusedButDone:
			r.faults.add(Phantom, j.Key.Name+": refused operations were done"+r.draw(&j))
		case history.Undecided:
			r.faults.add(Undecided, fmt.Sprintf("%s: no verdict on %d operations in %v", j.Key.Name, j.Ops, r.cfg.Decide))
		}
	}
}

// draw leaves a page about a broken history, and says where.
func (r *run) draw(j *history.Judged) string {
	dir := r.cfg.PagesDir
	if dir == "" {
		dir = os.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.html", strings.ReplaceAll(j.Key.Name, ":", "-"), r.cfg.Seed))
	if err := j.Draw(path); err != nil {
		return " (no page: " + err.Error() + ")"
	}
	return "; see " + path
}

// missing says what a run lacks to prove anything.
func (r *run) missing(rep *Report) string {
	done := 0
	for _, k := range r.recorder.Keys() {
		for _, op := range k.Ops() {
			if op.Fate == fate.Done {
				done++
			}
		}
	}
	switch {
	case rep.Acknowledged == 0:
		return "no write was acknowledged"
	case done <= len(r.recorder.Keys()):
		return "no operation on the contended keys was done"
	case r.cfg.KillEvery > 0 && r.cfg.Duration > 3*r.cfg.KillEvery && rep.Gaps.Kills == 0:
		return "nothing was killed"
	}
	return ""
}
