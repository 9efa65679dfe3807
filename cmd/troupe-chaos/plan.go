package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/page"
	"github.com/troupedb/troupe/cmd/internal/script"
)

const (
	troupe       = "troupe"
	redisCluster = "redis-cluster"
)

// readyTime is how long the cluster may take to become healthy.
const readyTime = time.Minute

// plan is one run, with nothing left open.
type plan struct {
	script                 *script.Script
	target                 string
	seed                   uint64
	duration               time.Duration
	nodes, shards, clients int
	wait, rate             int
	dir                    string
}

// defaultLength is that of the load where neither flag nor script says it.
const defaultLength = time.Minute

// plan brings flags and script together.
func (f *flags) plan() (plan, error) {
	s, err := f.loadScript()
	if err != nil {
		return plan{}, err
	}
	return plan{
		script:   s,
		target:   cmp.Or(f.Target, s.Target, troupe),
		seed:     f.Seed,
		duration: cmp.Or(f.Duration, s.Length, defaultLength),
		nodes:    cmp.Or(f.Nodes, s.Nodes, 3),
		shards:   cmp.Or(f.Shards, s.Shards, 6),
		clients:  cmp.Or(f.Clients, s.Clients, 8),
		wait:     cmp.Or(f.Wait, s.Wait),
		rate:     f.Rate,
		dir:      f.Dir,
	}, nil
}

func (f *flags) loadScript() (*script.Script, error) {
	if f.Script == "random" {
		return script.Random(f.Seed, cmp.Or(f.Duration, 20*time.Second), cmp.Or(f.Nodes, 3), here()), nil
	}
	return script.Load(f.Script)
}

// here is what a cluster on this machine allows.
func here() script.Can {
	return script.Can{Network: cluster.CanCut() == nil, Disks: cluster.CanSpoil() == nil}
}

// list prints the scripts that are shipped.
func list(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range script.Shipped() {
		first, _, _ := strings.Cut(s.About, "\n")
		fmt.Fprintf(t, "%s\t%s\n", s.Name, first)
	}
	fmt.Fprintf(t, "random\tRandom steps, by --seed.\n")
	return t.Flush()
}

// once runs a plan, and tells all about it.
func (f *flags) once(ctx context.Context, p plan, stdout io.Writer) error {
	rep, err := f.execute(ctx, p, newConsole(stdout))
	if err != nil {
		return err
	}
	rep.Write(stdout)
	if f.Report != "" {
		if err := writePage(f.Report, rep, p.script); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "report             "+f.Report)
	}
	if !rep.OK() {
		return errViolated
	}
	return nil
}

func writePage(path string, rep *chaos.Report, s *script.Script) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(page.Write(out, rep, s), out.Close())
}

// execute starts a cluster, runs against it, and closes it.
func (f *flags) execute(ctx context.Context, p plan, screen *console) (rep *chaos.Report, err error) {
	began := time.Now()
	c, err := cluster.Start(ctx, f.options(p, screen))
	if err != nil {
		return nil, fmt.Errorf("script %s: %w", p.script.Name, err)
	}
	defer func() {
		if failed := ctx.Err() == nil && (rep == nil || !rep.OK()); failed || f.Keep {
			c.Keep()
			screen.event("data and logs are in " + c.Dir())
		}
		err = errors.Join(err, c.Close())
	}()
	if err := ready(ctx, c); err != nil {
		return nil, fmt.Errorf("the cluster is not ready: %w", err)
	}
	screen.event(fmt.Sprintf("%s, script %s: %d nodes are ready after %v; seed %d", p.target, p.script.Name,
		len(c.Nodes()), time.Since(began).Round(time.Millisecond), p.seed))
	rep, err = chaos.Run(ctx, p.config(screen), chaos.Processes(c))
	if rep != nil {
		rep.Target = p.target
	}
	return rep, err
}

func ready(ctx context.Context, c *cluster.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	return c.WaitReady(ctx)
}

func (f *flags) options(p plan, screen *console) cluster.Options {
	o := cluster.Options{
		Nodes: p.nodes, Shards: p.shards, Dir: p.dir, Keep: f.Keep, Flags: f.NodeFlag,
		OnExit: func(n *cluster.Node, state string) { screen.event(n.Name + " ended by itself: " + state) },
	}
	network, disks := p.script.Needs()
	if network {
		o.Network = f.Network
	}
	o.Disks = disks
	if p.target == redisCluster {
		o.System, o.Nodes, o.Flags = cluster.RedisCluster{NodeTimeout: f.NodeTimeout}, 2*p.nodes, nil
	}
	return o
}

func (p plan) config(screen *console) chaos.Config {
	return chaos.Config{
		Seed: p.seed, Duration: p.duration, Script: p.script, Clients: p.clients, Workers: p.clients, Wait: p.wait, Rate: p.rate,
		FailStop: p.target == troupe,
		Event:    screen.event, Progress: screen.progress, Loading: screen.loads,
	}
}
