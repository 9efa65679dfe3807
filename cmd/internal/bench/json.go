package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// JSON gives loads over HTTP: each request is a POST of one command as an array, on connections that stay. Its keys
// are those of Spread, at random, whatever address is asked.
type JSON struct {
	at    []string // host:port; connections take turns
	stock Spread
}

// Name tells what the client is.
func (*JSON) Name() string { return "JSON over HTTP" }

// Prepare writes all keys that the load reads, not over HTTP, and lets the load run for a moment.
func (j *JSON) Prepare(ctx context.Context, addrs []string, l Load) error {
	if err := j.stock.stock(ctx, addrs, l); err != nil {
		return err
	}
	l.Length /= 5
	_, err := j.Run(ctx, addrs, l)
	return err
}

// Run gives the load.
func (j *JSON) Run(ctx context.Context, _ []string, l Load) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conns, err := dialHTTP(ctx, j.at, l.Clients)
	if err != nil {
		return Outcome{}, err
	}
	tallies, errs := make([]tally, len(conns)), make([]error, len(conns))
	began := time.Now()
	var all sync.WaitGroup
	for i, conn := range conns {
		tallies[i] = newTally()
		all.Go(func() { errs[i] = tallies[i].ask(conn, newRequests(l, i), began.Add(l.Length)) })
	}
	all.Wait()
	elapsed, sum := time.Since(began), newTally()
	for i := range conns {
		conns[i].Close()
		if errs[i] != nil {
			return Outcome{}, errs[i]
		}
		sum.add(&tallies[i])
	}
	return sum.outcome(elapsed), nil
}

// ask sends one request after the other, at least one, until the time is up.
func (t *tally) ask(conn *httpConn, requests *requests, until time.Time) error {
	for {
		sent := time.Now()
		a, err := conn.post(requests.next())
		if err != nil {
			return err
		}
		if err := t.took(time.Since(sent)); err != nil {
			return err
		}
		if why := a.failure(); why != "" {
			t.fail(why)
		} else {
			t.done++
		}
		if !time.Now().Before(until) {
			return nil
		}
	}
}

// took counts a latency.
func (t *tally) took(d time.Duration) error {
	return t.times.RecordValue(max(min(d, longest).Microseconds(), 1))
}

// requests makes the bodies of a load, one at a time. One goroutine uses it.
type requests struct {
	*caller
	body []byte
}

func newRequests(l Load, number int) *requests {
	return &requests{caller: newCaller(l, number, nil, false)}
}

// next is good until the next one.
func (r *requests) next() []byte {
	r.out.Reset(r.out.Bytes()[:0], 2)
	r.key = r.load.Test.appendKey(r.key[:0], uint32(r.rnd.IntN(r.load.Keys)))
	r.load.Test.request(&r.out, r.key, r.value)
	r.body = appendJSON(r.body[:0], r.out.Bytes())
	return r.body
}

// appendJSON writes a command as an array. Its words are of letters, digits and the like, which stand for themselves.
func appendJSON(dst, request []byte) []byte {
	v, _, err := resp.ParseReply(request)
	if err != nil {
		panic(fmt.Sprintf("%q: %v", request, err))
	}
	for i, word := range v.Items {
		opening := `,"`
		if i == 0 {
			opening = `["`
		}
		dst = append(append(append(dst, opening...), word.Str...), '"')
	}
	return append(dst, ']')
}
