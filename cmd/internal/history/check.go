package history

import (
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Verdict is the judgement on the history of a key.
type Verdict uint8

const (
	Linearizable   Verdict = iota
	Unlinearizable         // no order of the operations explains the answers: a stale, lost or invented value
	RefusedButDone         // none does, unless refused operations were done after all
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

// Draw writes a page that shows the history and where it breaks.
// REQUIRES: the verdict is Unlinearizable or RefusedButDone.
func (j *Judged) Draw(path string) error { return porcupine.VisualizePath(register, j.info, path) }

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
	_, j.info = porcupine.CheckOperationsVerbose(register, history, timeout)
	if porcupine.CheckOperationsTimeout(register, events(ops, true), timeout) == porcupine.Ok {
		j.Verdict = RefusedButDone
	}
	return j
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
