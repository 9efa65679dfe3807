package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Spread is a client of this package: its keys are over all slots, and each connection asks one node for keys
// that this node serves, by CLUSTER SLOTS, or one node for all. The zero value is ready.
type Spread struct {
	all    func(ctx context.Context, addrs []string) (string, error) // who is asked for everything; nil: who serves a key
	filled map[string]bool                                           // key spaces of clusters
}

// Name tells what the client is.
func (*Spread) Name() string { return "spread" }

// The load that writes every key once, and how often it is begun for those that were not written.
const (
	fillPipeline = 64
	fillBytes    = 1 << 20 // of values in a pipeline, if that is less
	fillClients  = 16
	fillAttempts = 20
	fillPause    = 100 * time.Millisecond // between them
)

// Prepare writes all keys, if the load reads them, and lets the load run for a moment.
func (s *Spread) Prepare(ctx context.Context, addrs []string, l Load) error {
	if err := s.stock(ctx, addrs, l); err != nil {
		return err
	}
	l.Length /= 5
	_, err := s.Run(ctx, addrs, l)
	return err
}

// stock writes all keys that a load reads, once.
func (s *Spread) stock(ctx context.Context, addrs []string, l Load) error {
	where := fmt.Sprint(addrs, l.Test.space(), l.Keys)
	if l.Test.reads == "" || s.filled[where] {
		return nil
	}
	if err := s.atlas(addrs, l).fill(ctx, l); err != nil {
		return fmt.Errorf("filling: %w", err)
	}
	if s.filled == nil {
		s.filled = map[string]bool{}
	}
	s.filled[where] = true
	return nil
}

func (s *Spread) atlas(addrs []string, l Load) *atlas {
	return &atlas{addrs: addrs, keys: upTo(l.Keys), all: s.all}
}

// fill writes every key that a load reads. Keys whose slots move meanwhile are asked of who serves them then.
func (a *atlas) fill(ctx context.Context, l Load) error {
	now, err := a.after(ctx, nil)
	if err != nil {
		return err
	}
	l.Test, l.Clients, l.Length = l.Test.stock(), max(fillClients, len(now.nodes)), time.Hour
	l.Pipeline = min(max(fillBytes/max(l.Value, 1), 1), fillPipeline)
	var o Outcome
	for range fillAttempts {
		if o, err = driveBy(ctx, a, l, true); err != nil || o.Failed == 0 {
			return err
		}
		a = &atlas{addrs: a.addrs, keys: slices.Values(o.missed), all: a.all}
		if err := rest(ctx, fillPause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d of %d writes failed: %s", o.Failed, o.Failed+o.Done, o.Failure)
}

// Run gives the load.
func (s *Spread) Run(ctx context.Context, addrs []string, l Load) (Outcome, error) {
	return driveBy(ctx, s.atlas(addrs, l), l, false)
}

// driveBy has each node asked for the keys that it serves: all callers run at once, once all are connected.
func driveBy(ctx context.Context, a *atlas, l Load, once bool) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	callers := make([]*caller, l.Clients)
	for i := range callers {
		callers[i] = newCaller(l, i, a, once)
		defer callers[i].hangUp()
		if err := callers[i].locate(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return together(ctx, callers, l.Length)
}

// together runs the callers and sums up. The first error ends all.
func together(ctx context.Context, callers []*caller, length time.Duration) (Outcome, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var all sync.WaitGroup
	began := time.Now()
	for _, c := range callers {
		all.Go(func() {
			if err := c.call(ctx, began.Add(length)); err != nil {
				fail(err)
				c.hangUp()
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return Outcome{}, err
	}
	sum := newTally()
	for _, c := range callers {
		sum.add(&c.tally)
	}
	return sum.outcome(time.Since(began)), nil
}

func (t *tally) add(o *tally) {
	if t.failed == 0 {
		t.failure = o.failure
	}
	t.done, t.failed = t.done+o.done, t.failed+o.failed
	t.missed = append(t.missed, o.missed...)
	t.times.Merge(o.times)
}

func (t *tally) outcome(elapsed time.Duration) Outcome {
	return Outcome{
		Done: t.done, Failed: t.failed, Failure: t.failure, missed: t.missed, Elapsed: elapsed,
		P50: quantile(t.times, 50), P99: quantile(t.times, 99), P999: quantile(t.times, 99.9),
	}
}

func quantile(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return time.Duration(h.ValueAtQuantile(percent)) * time.Microsecond
}
