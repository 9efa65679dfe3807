package hunt

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/sim"
)

// reportEvery is the time between two lines about the progress.
const reportEvery = 30 * time.Second

// hunt simulates seeds until there are no more, time is over, or enough have failed.
func hunt(ctx context.Context, f flags, stdout, stderr io.Writer) int {
	s, err := load(f.State, f.From)
	if err != nil {
		fmt.Fprintln(stderr, "troupe-sim:", err)
		return exitUsage
	}
	if f.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.Duration)
		defer cancel()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	h := &hunter{flags: f, state: s, out: stdout, began: time.Now(), spent: s.Spent, done: s.Runs}
	for r := range results(ctx, f, s, workerArgs(f)) {
		if err := h.take(r); err != nil {
			fmt.Fprintln(stderr, "troupe-sim:", err)
			return exitFailed
		}
		if len(s.Failed) >= f.Failures {
			stop()
		}
	}
	h.report()
	fmt.Fprintf(stdout, "%v\n", s.Tally)
	if len(s.Failed) > 0 {
		fmt.Fprintf(stdout, "FAILED: seeds %v\n", s.Failed)
		return exitFailed
	}
	return exitFine
}

func workerArgs(f flags) []string {
	args := []string{"--worker"}
	if f.Bug != "" {
		args = append(args, "--bug", f.Bug)
	}
	return args
}

// results simulates the seeds by workers. The channel is closed when all is done, or ctx.
func results(ctx context.Context, f flags, s *state, args []string) <-chan *sim.Result {
	seeds, out := make(chan uint64), make(chan *sim.Result)
	first, ahead := s.Next, map[uint64]bool{}
	for seed := range s.Ahead {
		ahead[seed] = true
	}
	go func() {
		defer close(seeds)
		for seed := first; f.Seeds == 0 || seed < f.From+f.Seeds; seed++ {
			if ahead[seed] {
				continue
			}
			select {
			case seeds <- seed:
			case <-ctx.Done():
				return
			}
		}
	}()
	var all sync.WaitGroup
	for range f.Workers {
		all.Go(func() {
			w := &worker{args: args}
			defer w.end()
			for seed := range seeds {
				if r := w.run(ctx, seed); r != nil {
					out <- r
				}
			}
		})
	}
	go func() {
		all.Wait()
		close(out)
	}()
	return out
}

// hunter takes the results in.
type hunter struct {
	flags
	state *state
	out   io.Writer
	began time.Time
	spent time.Duration // before this start
	done  int
	said  time.Time
}

func (h *hunter) take(r *sim.Result) error {
	h.state.add(r)
	h.state.Spent = h.spent + time.Since(h.began)
	if r.Failure != "" {
		fmt.Fprintf(h.out, "FAILED seed %d: %s\nrun it again: troupe-sim --seed %d --trace\n", r.Seed, r.Failure, r.Seed)
	}
	if time.Since(h.said) >= reportEvery {
		h.report()
	}
	return h.state.save(h.State)
}

// report is a line about the progress.
func (h *hunter) report() {
	h.said = time.Now()
	s, here := h.state, time.Since(h.began)
	fmt.Fprintf(h.out, "%v: %d seeds, %.2f a second, %.1f simulated hours (%.0f times real time), %d faults, %d operations, %d failed\n",
		s.Spent.Round(time.Second), s.Runs, float64(s.Runs-h.done)/here.Seconds(), s.Simulated.Hours(), s.Simulated.Seconds()/max(1, s.Spent.Seconds()), s.Faults(), s.Done, len(s.Failed))
}
