package history

import (
	"io"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

const (
	explainTime = 10 * time.Second // for finding out why a history is broken
	fewRefused  = 8                // each doubles the work of that
)

// Verdict is the judgement on the history of a key.
type Verdict uint8

const (
	Linearizable   Verdict = iota
	Unlinearizable         // no order of the operations explains the answers: a stale, lost or invented value
	RefusedButDone         // none does, and it shows that refused operations were done after all
	Undecided              // the checker ran out of time; it counts as a failure
)

func (v Verdict) String() string {
	return [...]string{"linearizable", "not linearizable", "refused but done", "undecided"}[v]
}

// Judged is a key with its verdict.
type Judged struct {
	Key     *Key
	Ops     int
	Verdict Verdict
	info    porcupine.LinearizationInfo
}

// Draw writes a page of HTML that shows the history and where it breaks.
// REQUIRES: the verdict is Unlinearizable or RefusedButDone.
func (j *Judged) Draw(w io.Writer) error { return porcupine.Visualize(register, j.info, w) }

// Check judges one key, within about timeout.
func (k *Key) Check(timeout time.Duration) Judged {
	ops := k.Ops()
	j := Judged{Key: k, Ops: len(ops)}
	history := events(ops, false)
	switch porcupine.CheckOperationsTimeout(register, history, timeout) {
	case porcupine.Ok:
		return j
	case porcupine.Unknown:
		j.Verdict = Undecided
		return j
	}
	j.Verdict = Unlinearizable
	_, j.info = porcupine.CheckOperationsVerbose(register, history, min(timeout, explainTime))
	if refusedButDone(ops, min(timeout, explainTime)) {
		j.Verdict = RefusedButDone
	}
	return j
}

// refusedButDone tells, of a history that is not linearizable, whether refused writes are why: a value was
// seen that a refused write alone stores, or, if there are few of them, the history is linearizable when
// they may have been done.
func refusedButDone(ops []Op, timeout time.Duration) bool {
	refused := 0
	stored := map[int64]bool{}
	for i := range ops {
		if op := &ops[i]; op.Fate == fate.Refused && op.write() {
			refused++
			stored[op.Arg] = op.Kind != Incr && op.Arg != Absent
		}
	}
	for i := range ops {
		if op := &ops[i]; op.Fate == fate.Done && op.Kind == Get && stored[op.Out] {
			return true
		}
	}
	return refused > 0 && refused <= fewRefused &&
		porcupine.CheckOperationsTimeout(register, events(ops, true), timeout) == porcupine.Ok
}

// Check judges all keys, by some workers, and returns them in the order of their making.
func (r *Recorder) Check(workers int, timeout time.Duration) []Judged {
	keys := r.Keys()
	out := make([]Judged, len(keys))
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				out[i] = keys[i].Check(timeout)
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}
