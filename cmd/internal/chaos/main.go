package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // a violation, or something that kept the run from judging
	exitUsage       = 2
	exitInterrupted = 130
)

// startTime is how long the cluster may take to become healthy.
const startTime = time.Minute

// Main is the program troupe-chaos. It returns the exit code.
// REQUIRES: the program calls cluster.MaybeRunNode before.
func Main(args []string, stdout, stderr io.Writer) int {
	f, done, err := parse(args, stdout, stderr)
	switch {
	case done:
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "troupe-chaos: %v; see --help\n", err)
		return exitUsage
	}
	if f.Seed == 0 {
		f.Seed = rand.Uint64N(1 << 32)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	report, err := perform(ctx, f, stdout)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "troupe-chaos: interrupted; seed %d\n", f.Seed)
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "troupe-chaos: %v\n", err)
		return exitFailed
	}
	report.Write(stdout)
	if !report.OK() {
		return exitFailed
	}
	return exitOK
}

// perform starts the cluster, runs against it, and closes it.
func perform(ctx context.Context, f flags, stdout io.Writer) (rep *Report, err error) {
	screen, began := &console{out: stdout}, time.Now()
	c, err := cluster.Start(ctx, f.options(screen))
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed := ctx.Err() == nil && (rep == nil || !rep.OK()); failed || f.Keep {
			c.Keep()
			fmt.Fprintf(stdout, "data and logs are in %s\n", c.Dir())
		}
		err = errors.Join(err, c.Close())
	}()
	shards, err := ready(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("the cluster is not ready: %w", err)
	}
	screen.event(fmt.Sprintf("%d nodes and %d shards are ready after %v; seed %d",
		len(c.Nodes()), len(shards), ms(time.Since(began)), f.Seed))
	return Run(ctx, f.config(screen, c.Dir()), processes{c})
}

func ready(ctx context.Context, c *cluster.Cluster) ([]cluster.Shard, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		return nil, err
	}
	return c.Shards(ctx)
}

func (f *flags) options(screen *console) cluster.Options {
	o := cluster.Options{
		Nodes: f.Nodes, Shards: f.Shards, Dir: f.Dir, Keep: f.Keep, Flags: f.NodeFlag,
		OnExit: func(n *cluster.Node, state string) { screen.event(n.Name + " ended by itself: " + state) },
	}
	if f.Target == "redis-cluster" {
		o.System, o.Nodes = cluster.RedisCluster{}, 2*f.Nodes
	}
	return o
}

func (f *flags) config(screen *console, dir string) Config {
	return Config{
		Seed: f.Seed, Duration: f.Duration, KillEvery: f.KillEvery, Clients: f.Clients, PagesDir: dir,
		Event: screen.event, Progress: screen.progress, Loading: screen.loads,
	}
}
