package chaos

import (
	"bytes"
	"context"
	"fmt"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// judge reads everything back, checks the histories and writes it all up.
func (r *run) judge(ctx context.Context) *Report {
	r.cfg.Event("reading every write back")
	rep := &Report{Script: r.cfg.Script.Name, Seed: r.cfg.Seed, Length: r.cfg.Duration, Points: r.tally.points()}
	rep.Acknowledged = r.audit(ctx)
	r.lastReads(ctx)
	r.judgeJobs(ctx, rep)
	r.judgeCrews(ctx, rep)
	r.cfg.Event("checking the histories of the contended keys")
	r.judgeHistories(rep)
	for _, crash := range r.target.Crashes() {
		if r.conductor.unexpected(crash) {
			r.violations.add(Crashed, crash.Text)
		}
	}
	rep.Done, rep.Refused, rep.Unknown = r.tally.done.Load(), r.tally.refused.Load(), r.tally.unknown.Load()
	rep.Moved, rep.StaleChecks = r.tally.moved.Load(), r.tally.reads.Load()
	rep.Codes, rep.Odd = r.tally.codes()
	rep.Violations, rep.Texts = r.violations.all()
	return rep
}

// maxPictures bounds how many broken histories a report shows.
const maxPictures = 5

// judgeHistories asks porcupine about each contended key.
func (r *run) judgeHistories(rep *Report) {
	for _, j := range r.recorder.Check(2, r.cfg.Decide) {
		rep.Histories++
		rep.HistoryOps += j.Ops
		switch j.Verdict {
		case history.Unlinearizable:
			r.violations.add(Unlinear, j.Key.Name+": no order of its operations explains the answers")
		case history.RefusedButDone:
			r.violations.add(Phantom, j.Key.Name+": refused operations were done")
		case history.Undecided:
			r.violations.add(Undecided, fmt.Sprintf("%s: no verdict on %d operations in %v", j.Key.Name, j.Ops, r.cfg.Decide))
			continue
		default:
			continue
		}
		if len(rep.Pictures) < maxPictures {
			rep.Pictures = append(rep.Pictures, picture(&j))
		}
	}
}

func picture(j *history.Judged) Picture {
	var page bytes.Buffer
	if err := j.Draw(&page); err != nil {
		return Picture{j.Key.Name, fmt.Sprintf("no picture: %v", err)}
	}
	return Picture{j.Key.Name, page.String()}
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
	case len(rep.Faults) == 0 && r.cfg.faultDue():
		return "nothing of the script was done"
	}
	return ""
}
