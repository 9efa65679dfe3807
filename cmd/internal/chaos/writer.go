package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// backOff is the pause after a pipeline of which not everything was done: refusals come fast, and each is
// remembered and read back.
const backOff = 10 * time.Millisecond

// writer writes keys of its own at full speed.
type writer struct {
	session    *client.Session
	book       *history.Writer
	tally      *tally
	violations *violations
	faults     *faults
	rng        *rand.Rand
	writes     int
	reads      int
	every      time.Duration // at least, between the beginnings of two pipelines
}

// run writes until ctx ends. The last pipeline is waited for.
func (w *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		next := time.Now().Add(w.every)
		if !w.round() {
			pause(ctx, backOff)
		}
		pause(ctx, time.Until(next))
	}
}

// round sends one pipeline, and reports whether all of its writes were done.
func (w *writer) round() bool {
	sets, seqs := w.compose()
	gets, olds := w.recall()
	began := time.Now()
	w.session.Batch(append(sets, gets...))
	all := true
	for i, r := range sets {
		w.book.Record(seqs[i], r.Fate)
		w.tally.count(r)
		all = all && r.Fate == fate.Done
	}
	w.faults.written(sets, began)
	for i, r := range gets {
		w.compare(olds[i], r)
	}
	return all
}

// compose takes new keys.
func (w *writer) compose() (sets []*client.Request, seqs []uint64) {
	for range w.writes {
		seq := w.book.Next()
		key := w.book.Key(seq)
		sets = append(sets, &client.Request{Key: key, Args: []string{"SET", key, w.book.Value(seq)}})
		seqs = append(seqs, seq)
	}
	return sets, seqs
}

// recall picks acknowledged writes to read, the newest more often: those a stale node does not know.
func (w *writer) recall() (gets []*client.Request, olds []uint64) {
	before := w.book.Len() - uint64(w.writes)
	for i := range w.reads {
		span := before
		if i%2 == 0 {
			span = min(before, uint64(4*w.writes))
		}
		if span == 0 {
			break
		}
		seq := before - 1 - w.rng.Uint64N(span)
		if w.book.Fate(seq) == fate.Done {
			key := w.book.Key(seq)
			gets = append(gets, &client.Request{Key: key, Args: []string{"GET", key}})
			olds = append(olds, seq)
		}
	}
	return gets, olds
}

// compare checks that a read shows the write that was acknowledged before it began.
func (w *writer) compare(seq uint64, r *client.Request) {
	if r.Fate != fate.Done {
		return
	}
	w.tally.reads.Add(1)
	if finding := w.book.Judge(seq, r.Reply.Text, !r.Reply.Null); finding != history.Fine {
		w.tally.stale.Add(1)
		w.violations.add(Stale, fmt.Sprintf("GET %s at %s: %q (null %v), but %q was acknowledged before",
			r.Key, r.Addr, r.Reply.Text, r.Reply.Null, w.book.Value(seq)))
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
