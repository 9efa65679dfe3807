package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
)

// contestant is a system in a comparison.
type contestant struct {
	name, target string
	wait         int
}

var contestants = []contestant{
	{"Troupe", troupe, 0},
	{"Redis Cluster", redisCluster, 0},
	{"Redis Cluster, WAIT 1", redisCluster, 1},
}

// compare runs one script on each contestant, and prints what came of it side by side.
func (f *flags) compare(ctx context.Context, stdout io.Writer) error {
	p, err := f.plan()
	if err != nil {
		return err
	}
	screen, reports := newConsole(stdout), make([]*chaos.Report, len(contestants))
	for i, c := range contestants {
		p.target, p.wait = c.target, c.wait
		if reports[i], err = f.execute(ctx, p, screen); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, text := range reports[i].Texts {
			screen.event("  " + text)
		}
	}
	fmt.Fprintf(stdout, "\nscript %s, %v, seed %d\n\n", p.script.Name, p.duration, p.seed)
	writeComparison(stdout, reports)
	if !reports[0].OK() {
		return errViolated
	}
	return nil
}

func writeComparison(w io.Writer, reports []*chaos.Report) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| system \t| acknowledged writes \t| lost \t| failed, but read \t| stale or impossible reads \t| longest write gap \t|")
	fmt.Fprintln(t, "| --- \t| --- \t| --- \t| --- \t| --- \t| --- \t|")
	for i, r := range reports {
		fmt.Fprintf(t, "| %s \t| %s \t| %d \t| %d \t| %d \t| %v \t|\n", contestants[i].name, chaos.Grouped(r.Acknowledged),
			r.Lost(), r.Violations[chaos.Phantom], r.StaleReads(), longestGap(r))
	}
	t.Flush()
}

func longestGap(r *chaos.Report) time.Duration {
	if len(r.Stalls) == 0 {
		return 0
	}
	s := slices.MaxFunc(r.Stalls, func(a, b chaos.Stall) int { return int((a.To - a.From) - (b.To - b.From)) })
	return (s.To - s.From).Round(time.Millisecond)
}
