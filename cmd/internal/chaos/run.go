package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// Numbers of the parts that draw random choices; clients count up from the last two.
const (
	partConductor  = 1
	partWriters    = 1000
	partContenders = 2000
	partWorkers    = 3000
)

// Progress is how far the load is.
type Progress struct {
	At, Of                 time.Duration
	OpsPerSecond           int64 // done since the last one
	Done, Refused, Unknown int64 // so far
}

// run is the state that the parts of a run share.
type run struct {
	cfg        Config
	target     Target
	routes     *client.Routes
	ledger     *history.Ledger
	recorder   *history.Recorder
	jobs       *jobs
	crews      *crews
	tally      *tally
	violations *violations
	faults     *faults
	conductor  *conductor
}

// Run loads a healthy target, breaks it, and judges it. An error means that there is no judgement: the run
// was interrupted or could not begin.
func Run(ctx context.Context, cfg Config, target Target) (*Report, error) {
	cfg = cfg.withDefaults()
	r := &run{
		cfg:        cfg,
		target:     target,
		routes:     client.NewRoutes(target.Addrs()),
		ledger:     history.NewLedger(cfg.Seed),
		recorder:   history.NewRecorder("contended:", cfg.Keys, cfg.Limits),
		jobs:       &jobs{},
		crews:      &crews{},
		violations: &violations{},
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer r.routes.Close()
	go r.routes.Run(ctx)
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	faults, stalls := r.faults.finish(time.Now())
	r.heal(ctx)
	report := r.judge(ctx)
	report.Faults, report.Stalls = faults, stalls
	if missing := r.missing(report); missing != "" {
		report.Violations[ProvedLittle]++
		report.Texts = append(report.Texts, string(ProvedLittle)+": "+missing)
	}
	return report, ctx.Err()
}

// load runs all clients and the conductor for the duration.
func (r *run) load(base context.Context) error {
	shards, err := r.target.Shards(base)
	if err != nil {
		return fmt.Errorf("no load without shards: %w", err)
	}
	if err := r.routes.Refresh(base, 0); err != nil {
		return fmt.Errorf("no load without a slot table: %w", err)
	}
	r.begin(shards)
	r.cfg.Loading(true)
	defer r.cfg.Loading(false)
	ctx, cancel := context.WithTimeout(base, r.cfg.Duration)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() {
		select {
		case <-r.cfg.Stop:
			cancel()
		case <-ctx.Done():
		}
	})
	for i := range r.cfg.Clients {
		all.Go(func() { r.writer(base, i).run(ctx) })
	}
	ids, values := new(atomic.Int32), new(atomic.Int64)
	for i := range r.cfg.Clients {
		all.Go(func() { r.contender(base, i, ids, values).run(ctx) })
	}
	for i := range r.cfg.Workers {
		all.Go(func() { r.worker(base, i).run(ctx) })
	}
	for _, s := range shards {
		if len(s.Slots) > 0 {
			all.Go(func() { r.prober(base, s).run(ctx) })
		}
	}
	all.Go(func() { r.conductor.run(ctx, base) })
	all.Go(func() { r.progress(ctx) })
	all.Wait()
	return base.Err()
}

// begin makes what counts time from the beginning of the load.
func (r *run) begin(shards []cluster.Shard) {
	now := time.Now()
	r.tally, r.faults = newTally(now), newFaults(now, shards)
	r.faults.closed = func(x Fault) {
		r.cfg.Event(fmt.Sprintf("writes everywhere %v after: %s", ms(time.Since(now)-x.At), x.Text))
	}
	r.faults.stall = func(s Stall) {
		r.cfg.Event(fmt.Sprintf("shard %d took no write for %v", s.Shard, ms(s.To-s.From)))
	}
	r.conductor = &conductor{
		target: r.target, script: r.cfg.Script, rng: r.cfg.random(partConductor), faults: r.faults,
		violations: r.violations, event: r.cfg.Event, failStop: r.cfg.FailStop,
	}
}

func (r *run) session(base context.Context, salt int) *client.Session {
	return r.sessionWithin(base, salt, r.cfg.Timeout)
}

func (r *run) sessionWithin(base context.Context, salt int, timeout time.Duration) *client.Session {
	s := client.NewSession(base, r.routes, timeout, uint64(salt))
	s.WriteBoth(r.cfg.Wait, waitTime)
	return s
}

func (r *run) writer(base context.Context, i int) *writer {
	return &writer{
		session: r.session(base, i),
		book:    r.ledger.Writer(fmt.Sprintf("write:%d:", i)),
		tally:   r.tally, violations: r.violations, faults: r.faults,
		rng:    r.cfg.random(partWriters + uint64(i)),
		writes: r.cfg.Batch, reads: r.cfg.Reads, every: r.cfg.pace(),
	}
}

func (r *run) contender(base context.Context, i int, ids *atomic.Int32, values *atomic.Int64) *contender {
	return &contender{
		session:  r.session(base, i),
		recorder: r.recorder, tally: r.tally,
		rng: r.cfg.random(partContenders + uint64(i)),
		ids: ids, values: values,
	}
}

func (r *run) worker(base context.Context, i int) *worker {
	return &worker{
		name:    fmt.Sprintf("worker%d", i),
		session: r.session(base, i),
		jobs:    r.jobs, crews: r.crews, tally: r.tally, violations: r.violations,
		rng: r.cfg.random(partWorkers + uint64(i)),
		now: r.recorder.Now,
	}
}

func (r *run) prober(base context.Context, s cluster.Shard) *prober {
	return &prober{
		shard:   s.ID,
		session: r.sessionWithin(base, s.ID, r.cfg.ProbeTime),
		book:    r.ledger.Writer(keysIn(s.Slots[0].First)),
		tally:   r.tally, faults: r.faults,
	}
}

// progressEvery is how often progress is told.
const progressEvery = 200 * time.Millisecond

// progress tells how far the load is until ctx ends.
func (r *run) progress(ctx context.Context) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	began, before := time.Now(), int64(0)
	for last := began; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, done := time.Now(), r.tally.done.Load()
		r.cfg.Progress(Progress{
			At:           now.Sub(began),
			Of:           r.cfg.Duration,
			OpsPerSecond: int64(float64(done-before) / now.Sub(last).Seconds()),
			Done:         done,
			Refused:      r.tally.refused.Load(),
			Unknown:      r.tally.unknown.Load(),
		})
		last, before = now, done
	}
}

// heal starts what is down and waits until the cluster is healthy.
func (r *run) heal(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, r.cfg.Heal)
	defer cancel()
	revived := revive(within, r.target)
	err := cluster.Until(within, healthEvery, func() error { return r.target.Health(within) })
	if err != nil && ctx.Err() == nil {
		r.violations.add(Unhealed, errors.Join(revived, err).Error())
	}
}
