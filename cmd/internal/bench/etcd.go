package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Etcd gives loads to etcd, by its own client. Its protocol has no pipelines: a connection makes as many calls at
// a time as a pipeline is deep. Reads are linearizable, as they are by default. The zero value is ready.
type Etcd struct {
	filled map[string]bool // clusters
}

// Name tells what the client is.
func (*Etcd) Name() string { return "etcd's client" }

// takes tells whether there is such a request.
func (*Etcd) takes(t Test) bool { return t.Name == "set" || t.Name == "get" }

// fillCalls is how many calls at a time write all keys.
const fillCalls = 256

// Prepare writes all keys, if the load reads them.
func (e *Etcd) Prepare(ctx context.Context, addrs []string, l Load) error {
	where := fmt.Sprint(addrs, l.Keys)
	if l.Test.reads == "" || e.filled[where] {
		return nil
	}
	conns, err := dialEtcd(ctx, addrs, len(addrs))
	if err != nil {
		return err
	}
	defer hangUp(conns)
	_, err = callEtcd(conns, fillCalls, func(c *etcdCaller) error {
		for id := c.number; id < l.Keys; id += fillCalls {
			if _, err := c.conn.Put(ctx, etcdKey(uint32(id)), string(make([]byte, l.Value))); err != nil {
				return err
			}
		}
		return nil
	})
	if e.filled == nil {
		e.filled = map[string]bool{}
	}
	e.filled[where] = err == nil
	return err
}

// Run gives the load.
func (e *Etcd) Run(ctx context.Context, addrs []string, l Load) (Outcome, error) {
	conns, err := dialEtcd(ctx, addrs, l.Clients)
	if err != nil {
		return Outcome{}, err
	}
	defer hangUp(conns)
	began, value := time.Now(), string(make([]byte, l.Value))
	sum, err := callEtcd(conns, l.Clients*l.Pipeline, func(c *etcdCaller) error {
		for {
			if err := c.call(ctx, l, value); err != nil {
				return err
			}
			if time.Since(began) >= l.Length {
				return nil
			}
		}
	})
	return sum.outcome(time.Since(began)), err
}

// maxEtcdConns bounds connections, each of which takes any number of calls.
const maxEtcdConns = 200

// dialEtcd opens connections, to one member each, and has each answer once.
func dialEtcd(ctx context.Context, addrs []string, n int) (conns []*clientv3.Client, err error) {
	for i := range min(n, maxEtcdConns) {
		c, err := clientv3.New(clientv3.Config{
			Endpoints: []string{addrs[i%len(addrs)]}, DialTimeout: patience, Logger: zap.NewNop(),
		})
		if err == nil {
			conns = append(conns, c)
			_, err = c.Get(ctx, etcdKey(0))
		}
		if err != nil {
			hangUp(conns)
			return nil, err
		}
	}
	return conns, nil
}

func hangUp(conns []*clientv3.Client) {
	for _, c := range conns {
		c.Close()
	}
}

// etcdCaller makes one call at a time. One goroutine uses it.
type etcdCaller struct {
	conn   *clientv3.Client
	number int
	rnd    *rand.Rand
	tally
}

// callEtcd runs n callers over some connections, and sums up what they counted.
func callEtcd(conns []*clientv3.Client, n int, f func(*etcdCaller) error) (tally, error) {
	callers, errs := make([]etcdCaller, n), make([]error, n)
	var all sync.WaitGroup
	for i := range callers {
		callers[i] = etcdCaller{conns[i%len(conns)], i, rand.New(rand.NewPCG(uint64(i), 0)), newTally()}
		all.Go(func() { errs[i] = f(&callers[i]) })
	}
	all.Wait()
	sum := newTally()
	for i := range callers {
		sum.add(&callers[i].tally)
	}
	return sum, errors.Join(errs...)
}

// call makes one call about a random key.
func (c *etcdCaller) call(ctx context.Context, l Load, value string) error {
	key, began := etcdKey(uint32(c.rnd.IntN(l.Keys))), time.Now()
	found := true
	if l.Test.reads != "" {
		got, err := c.conn.Get(ctx, key)
		if err != nil {
			return err
		}
		found = len(got.Kvs) > 0
	} else if _, err := c.conn.Put(ctx, key, value); err != nil {
		return err
	}
	if found {
		c.done++
	} else {
		c.fail("no such key")
	}
	took := min(time.Since(began), longest)
	return c.times.RecordValue(max(took.Microseconds(), 1))
}

func etcdKey(id uint32) string { return string(appendTag([]byte("key:"), id)) }
