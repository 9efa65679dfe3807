package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// OverloadConfig says what a node of a cluster is asked over HTTP, and how much too often.
type OverloadConfig struct {
	Contender Contender // Troupe
	Load      Load      // what it can bear: Load.Clients connections that ask again as soon as they are answered
	Times     int       // how many times as many connections ask then, each as often as one did before
	Rounds    int
	Tell      func(string)
}

// Phase is a part of a round, as its clients and the servers' processes saw it.
type Phase struct {
	Name     string
	Clients  int
	Elapsed  time.Duration
	Asked    int64
	Done     int64
	Refused  int64 // answered 429
	Mute     int64 // of these, without Retry-After
	Failed   int64 // answered anything else
	Failure  string
	Accepted Latency
	Turned   Latency // of what was refused
	Own      Latency // how long a goroutine of this program waited for a processor: part of both
	CPU      time.Duration
	RSS      int64 // of all nodes at the end, bytes
}

// Latency is from a request to its answer.
type Latency struct{ P50, P99 time.Duration }

// Overloaded is a round: before, under and after too much load, once of clients that wait as Retry-After tells them, and
// once of clients that don't.
type Overloaded struct{ Before, Under, Stubborn, After Phase }

func (r Overloaded) phases() []Phase { return []Phase{r.Before, r.Under, r.Stubborn, r.After} }

// OverloadReport is what came of one load.
type OverloadReport struct {
	Load   Load
	Rounds []Overloaded
}

// Overload starts the cluster, loads it in rounds, and ends it.
func Overload(ctx context.Context, cfg OverloadConfig) (rep *OverloadReport, err error) {
	ready, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	c, err := cluster.Start(ready, cfg.Contender.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := cluster.Until(ready, 50*time.Millisecond, func() error { return atRest(ready, c) }); err != nil {
		return nil, fmt.Errorf("%s is not ready: %w", cfg.Contender.Name, err)
	}
	calm := &JSON{at: gatewayOf(c)}
	if err := calm.Prepare(ctx, c.Addrs(), cfg.Load); err != nil {
		return nil, err
	}
	rep = &OverloadReport{Load: cfg.Load}
	for i := range cfg.Rounds {
		r, err := cfg.round(ctx, c)
		if err != nil {
			return nil, err
		}
		rep.Rounds = append(rep.Rounds, r)
		for _, p := range r.phases() {
			cfg.Tell(fmt.Sprintf("round %d of %d, %s: %s", i+1, cfg.Rounds, cfg.Load.Test.Name, p))
		}
	}
	return rep, nil
}

func (cfg *OverloadConfig) round(ctx context.Context, c *cluster.Cluster) (r Overloaded, err error) {
	if r.Before, err = cfg.phase(ctx, c, "before", cfg.Load.Clients, manner{}); err != nil {
		return r, err
	}
	each := time.Duration(float64(cfg.Load.Clients) * float64(r.Before.Elapsed) / float64(max(r.Before.Done, 1)))
	if r.Under, err = cfg.phase(ctx, c, "overload", cfg.Times*cfg.Load.Clients, manner{each, true}); err != nil {
		return r, err
	}
	if r.Stubborn, err = cfg.phase(ctx, c, "stubborn", cfg.Times*cfg.Load.Clients, manner{each, false}); err != nil {
		return r, err
	}
	r.After, err = cfg.phase(ctx, c, "after", cfg.Load.Clients, manner{})
	return r, err
}

// manner is how clients ask.
type manner struct {
	every  time.Duration // from one request to the next, if the first is answered by then
	heeded bool          // who is refused waits as long as he is told, and up to half as long besides
}

func (cfg *OverloadConfig) phase(ctx context.Context, c *cluster.Cluster, name string, clients int, m manner) (Phase, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conns, err := dialHTTP(ctx, gatewayOf(c), clients)
	if err != nil {
		return Phase{}, err
	}
	before, unreadable := usedBy(pidsOf(c))
	waits := readOwnWaits()
	askers, errs := make([]asker, clients), make([]error, clients)
	began := time.Now()
	var all sync.WaitGroup
	for i, conn := range conns {
		askers[i] = newAsker()
		all.Go(func() { errs[i] = askers[i].ask(conn, newRequests(cfg.Load, i), began.Add(cfg.Load.Length), m) })
	}
	all.Wait()
	sum := newAsker()
	sum.Name, sum.Clients, sum.Elapsed = name, clients, time.Since(began)
	sum.Own = readOwnWaits().since(waits)
	after, err := usedBy(pidsOf(c))
	if sum.CPU = after - before; errors.Join(unreadable, err) != nil {
		sum.CPU = unknown
	}
	sum.RSS = resident(pidsOf(c))
	for i, conn := range conns {
		conn.Close()
		sum.add(&askers[i])
	}
	return sum.phase(), cmp.Or(crashed(c), errors.Join(errs...))
}

// gatewayOf is the node that all ask.
func gatewayOf(c *cluster.Cluster) []string { return httpAddrs(c)[:1] }

// asker is one connection's share of a phase.
type asker struct {
	Phase
	accepted, refused *hdrhistogram.Histogram
}

func newAsker() asker {
	return asker{accepted: newTally().times, refused: newTally().times}
}

// arrival is the part of a phase, as a divisor, over which the clients come that are too many.
const arrival = 5

// ask asks until the time is up, but once at least. What is answered late puts off what comes after it, for nobody asks twice at a time.
func (a *asker) ask(conn *httpConn, requests *requests, until time.Time, m manner) error {
	next := time.Now()
	if m.every > 0 {
		next = next.Add(rand.N(max(time.Until(until)/arrival, 1)))
	}
	for first := true; first || next.Before(until); first = false {
		time.Sleep(time.Until(next))
		sent := time.Now()
		answer, err := conn.post(requests.next())
		if err != nil {
			return err
		}
		a.note(answer, time.Since(sent))
		if next = next.Add(m.every); next.Before(time.Now()) {
			next = time.Now()
		}
		if told := answer.retry(); m.heeded && told > 0 {
			next = time.Now().Add(told + rand.N(told/2))
		}
	}
	return nil
}

// note counts an answer.
func (a *asker) note(answer httpAnswer, took time.Duration) {
	a.Asked++
	micros := max(min(took, longest).Microseconds(), 1)
	switch why := answer.failure(); {
	case why == "":
		a.Done++
		_ = a.accepted.RecordValue(micros) // it is within bounds
	case answer.status == http.StatusTooManyRequests:
		a.Refused++
		_ = a.refused.RecordValue(micros)
		if answer.retryAfter == "" {
			a.Mute++
		}
	default:
		if a.Failed++; a.Failed == 1 {
			a.Failure = why
		}
	}
}

func (a *asker) add(o *asker) {
	if a.Failed == 0 {
		a.Failure = o.Failure
	}
	a.Asked, a.Done, a.Refused, a.Mute, a.Failed = a.Asked+o.Asked, a.Done+o.Done, a.Refused+o.Refused, a.Mute+o.Mute, a.Failed+o.Failed
	a.accepted.Merge(o.accepted)
	a.refused.Merge(o.refused)
}

func (a *asker) phase() Phase {
	a.Accepted, a.Turned = latency(a.accepted), latency(a.refused)
	return a.Phase
}

func latency(h *hdrhistogram.Histogram) Latency { return Latency{quantile(h, 50), quantile(h, 99)} }
