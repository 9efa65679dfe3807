package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Config says what to measure.
type Config struct {
	Contenders []Contender
	Baseline   string // name of a contender
	Client     Client
	Loads      []Load
	Rounds     int
	Settle     time.Duration // how long after a load a contender's CPU is counted, and the next one waits
	Tell       func(string)  // what happens, a line at a time; called on the goroutine of Run
}

// readyTime is how long a contender may take to become healthy, with its leaders spread.
const readyTime = 2 * time.Minute

// Run starts the contenders, measures and ends them. When ctx ends it returns early, with an error.
func Run(ctx context.Context, cfg Config) (rep *Report, err error) {
	n := len(cfg.Contenders)
	r := &runner{Config: cfg, clusters: make([]*cluster.Cluster, n), clients: make([]Client, n), fronts: make([]*plainHTTP, n)}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	rep = r.report()
	for _, load := range cfg.Loads {
		for i := range cfg.Contenders {
			if err := r.prepare(ctx, i, load); err != nil {
				return nil, err
			}
		}
	}
	for round := range cfg.Rounds {
		for t := range rep.Tables {
			if err := r.round(ctx, round, &rep.Tables[t]); err != nil {
				return nil, err
			}
		}
	}
	return rep, nil
}

// runner is a run. One goroutine uses it.
type runner struct {
	Config
	clusters []*cluster.Cluster // by contender; nil: it lacks something
	clients  []Client           // what gives loads to each
	fronts   []*plainHTTP       // before those that need one
}

func (r *runner) close() (err error) {
	for _, p := range r.fronts {
		if p != nil {
			err = errors.Join(err, p.close())
		}
	}
	for _, c := range r.clusters {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}

// start starts all that can be started and waits until they are at rest.
func (r *runner) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for i, c := range r.Contenders {
		if c.Lacks != "" {
			r.Tell(c.Name + ": " + c.Lacks)
			continue
		}
		var err error
		if r.clusters[i], err = cluster.Start(ctx, c.Options); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	for i, c := range r.clusters {
		if c == nil {
			continue
		}
		if err := cluster.Until(ctx, 50*time.Millisecond, func() error { return atRest(ctx, c) }); err != nil {
			return fmt.Errorf("%s is not ready: %w", r.Contenders[i].Name, err)
		}
		if err := r.reach(ctx, i); err != nil {
			return fmt.Errorf("%s: %w", r.Contenders[i].Name, err)
		}
		r.Tell(fmt.Sprintf("%s: %d nodes are ready", r.Contenders[i].Name, len(c.Nodes())))
	}
	return nil
}

// reach makes what gives loads to a contender that is ready.
func (r *runner) reach(ctx context.Context, i int) (err error) {
	c, how := r.clusters[i], r.Contenders[i]
	switch r.clients[i] = r.Client; {
	case how.client != nil:
		r.clients[i] = how.client
	case how.http == nodeHTTP:
		r.clients[i] = &JSON{at: httpAddrs(c)}
	case how.http == plainWay:
		if r.fronts[i], err = startPlainHTTP(ctx, c); err == nil {
			r.clients[i] = &JSON{at: []string{r.fronts[i].addr}}
		}
	}
	return err
}

func httpAddrs(c *cluster.Cluster) (addrs []string) {
	for _, n := range c.Nodes() {
		addrs = append(addrs, n.HTTP)
	}
	return addrs
}

// servers are the processes whose CPU is a contender's.
func (r *runner) servers(i int) (pids []int) {
	if p := r.fronts[i]; p != nil {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return append(pids, pidsOf(r.clusters[i])...)
}

func pidsOf(c *cluster.Cluster) (pids []int) {
	for _, n := range c.Nodes() {
		pids = append(pids, n.PID())
	}
	return pids
}

// atRest returns nil when a cluster is healthy and its leaders are spread, so that none will move by itself.
func atRest(ctx context.Context, c *cluster.Cluster) error {
	if err := c.Health(ctx); err != nil {
		return err
	}
	shards, err := c.Shards(ctx)
	if err != nil {
		return err
	}
	return spreadEvenly(shards, len(c.Nodes()))
}

// spreadEvenly returns nil when as many nodes as can lead do, and none leads two shards more than another.
func spreadEvenly(shards []cluster.Shard, nodes int) error {
	led := map[int]int{}
	for _, s := range shards {
		led[s.Leader]++
	}
	least, most := len(shards), 0
	for _, n := range led {
		least, most = min(least, n), max(most, n)
	}
	if len(led) < min(nodes, len(shards)) || most-least > 1 {
		return fmt.Errorf("%d shards are led by %d of %d nodes, %d to %d each", len(shards), len(led), nodes, least, most)
	}
	return nil
}

// report is one without samples.
func (r *runner) report() *Report {
	rep := &Report{Client: r.Client.Name(), Baseline: r.Baseline, Rounds: r.Rounds}
	for _, load := range r.Loads {
		t := Table{Load: load}
		for _, c := range r.Contenders {
			t.Rows = append(t.Rows, Row{Contender: c.Name, Lacks: c.lacks(load)})
		}
		rep.Tables = append(rep.Tables, t)
	}
	return rep
}

func (r *runner) prepare(ctx context.Context, i int, l Load) error {
	if r.Contenders[i].lacks(l) != "" {
		return nil
	}
	if err := r.clients[i].Prepare(ctx, r.clusters[i].Addrs(), l); err != nil {
		return fmt.Errorf("%s: %v: %w", r.Contenders[i].Name, l, err)
	}
	return nil
}

// round gives a load to every contender, beginning with another one each time.
func (r *runner) round(ctx context.Context, round int, t *Table) error {
	for k := range r.clusters {
		i := (round + k) % len(r.clusters)
		if t.Rows[i].Lacks != "" {
			continue
		}
		s, err := r.sample(ctx, i, t.Load)
		if err != nil {
			return fmt.Errorf("%s: %v: %w", r.Contenders[i].Name, t.Load, err)
		}
		t.Rows[i].Samples = append(t.Rows[i].Samples, s)
		r.Tell(fmt.Sprintf("round %d of %d, %v: %-16s %10s  %s", round+1, r.Rounds, t.Load, r.Contenders[i].Name,
			perSecond(s.Rate()), micros(s.perOp())))
	}
	return nil
}

// sample measures once.
func (r *runner) sample(ctx context.Context, i int, l Load) (s Sample, err error) {
	c := r.clusters[i]
	if l.paced() {
		most, err := r.clients[i].Run(ctx, c.Addrs(), l)
		if err != nil {
			return s, err
		}
		if l.rate = most.Rate() * float64(l.Percent) / 100; l.rate == 0 {
			return s, fmt.Errorf("it has no rate: %d requests failed: %s", most.Failed, most.Failure)
		}
		if err := rest(ctx, r.Settle); err != nil {
			return s, err
		}
	}
	before, unreadable := usedBy(r.servers(i))
	if s.Outcome, err = r.clients[i].Run(ctx, c.Addrs(), l); err != nil {
		return s, err
	}
	if err := rest(ctx, r.Settle); err != nil {
		return s, err
	}
	if err := crashed(c); err != nil {
		return s, err
	}
	after, err := usedBy(r.servers(i))
	if s.CPU = after - before; errors.Join(unreadable, err) != nil {
		s.CPU = unknown
	}
	return s, nil
}

// crashed is an error that tells of a node that ended by itself.
func crashed(c *cluster.Cluster) error {
	crashes := c.Crashes()
	if len(crashes) == 0 {
		return nil
	}
	first := crashes[0]
	return fmt.Errorf("%s ended by itself: %s:\n%s", first.Node.Name, first.State, first.Node.LogTail(10))
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Names are those of the contenders.
func Names(all []Contender) (names []string) {
	for c := range slices.Values(all) {
		names = append(names, c.Name)
	}
	return names
}
