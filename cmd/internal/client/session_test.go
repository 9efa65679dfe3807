package client

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

const patience = 10 * time.Second

func start(t *testing.T, bugs fakecluster.Bugs) (*fakecluster.Cluster, *Routes, *Session) {
	t.Helper()
	fc, err := fakecluster.New(3, 6, bugs)
	if err != nil {
		t.Fatal(err)
	}
	routes := NewRoutes(fc.Addrs())
	s := NewSession(context.Background(), routes, patience, 0)
	t.Cleanup(func() { routes.Close(); fc.Close() })
	return fc, routes, s
}

// settled repeats a request until it is done: routes are learned by redirects.
func settled(t *testing.T, s *Session, args ...string) Request {
	t.Helper()
	for range 20 {
		if r := s.Do(args[1], args...); r.Fate == fate.Done {
			return r
		}
	}
	t.Fatalf("%v is not done after 20 attempts", args)
	return Request{}
}

func TestBatchReportsARedirectAndDoFollowsIt(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{})
	moved, followed := 0, 0
	for i := range 12 {
		r := Request{Key: fmt.Sprint("k", i), Args: []string{"SET", fmt.Sprint("k", i), "v"}}
		s.Batch([]*Request{&r})
		if r.Code() == "MOVED" && r.Fate == fate.Refused {
			moved++
		} else if r.Fate != fate.Done {
			t.Fatalf("%s: %v %q %v", r.Key, r.Fate, r.Code(), r.Err)
		}
	}
	_, _, s = start(t, fakecluster.Bugs{})
	for i := range 12 {
		r := s.Do(fmt.Sprint("k", i), "INCR", fmt.Sprint("k", i))
		if r.Fate != fate.Done || r.Reply.Int != 1 || r.Moved > 1 {
			t.Fatalf("%s: %v %+v %v, %d redirects", r.Key, r.Fate, r.Reply, r.Err, r.Moved)
		}
		followed += r.Moved
	}
	if moved == 0 || followed == 0 {
		t.Errorf("%d redirects reported, %d followed", moved, followed)
	}
}

func TestBatchGivesEachRequestItsOwnReply(t *testing.T) {
	_, routes, s := start(t, fakecluster.Bugs{})
	if err := routes.Refresh(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	var sets, gets []*Request
	for i := range 100 {
		k := fmt.Sprint("k", i)
		sets = append(sets, &Request{Key: k, Args: []string{"SET", k, "of " + k}})
		gets = append(gets, &Request{Key: k, Args: []string{"GET", k}})
	}
	s.Batch(sets)
	s.Batch(gets)
	asked := map[string]bool{}
	for i, r := range gets {
		asked[r.Addr] = true
		if sets[i].Fate != fate.Done || r.Fate != fate.Done || r.Reply.Text != "of "+r.Key {
			t.Errorf("%s: set %v, get %v %q", r.Key, sets[i].Fate, r.Fate, r.Reply.Text)
		}
	}
	if len(asked) != 3 {
		t.Errorf("a batch over all slots asked %d nodes", len(asked))
	}
}

func TestWhatWasNeverSentIsRefused(t *testing.T) {
	fc, routes, s := start(t, fakecluster.Bugs{})
	first := settled(t, s, "SET", "k", "1")
	for i, addr := range fc.Addrs() {
		if addr == first.Addr {
			fc.Kill(i)
		}
	}
	for range 2 {
		routes.Up(first.Addr) // do not pass it over
		if r := s.Do("k", "SET", "k", "2"); r.Fate != fate.Refused || r.Err == nil || r.Code() != "NET" {
			t.Errorf("to a node that does not listen: %v %v", r.Fate, r.Err)
		}
	}
	if r := settled(t, s, "GET", "k"); r.Reply.Text != "1" || r.Addr == first.Addr {
		t.Errorf("after the failover: %q at %s", r.Reply.Text, r.Addr)
	}
}

// TestACutWriteIsSentOnce counts: half of the increments whose connection broke were done, none of them twice,
// and every one is Unknown.
func TestACutWriteIsSentOnce(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{CutOneIn: 1})
	const tries = 40
	for range tries {
		if r := s.Do("k", "INCR", "k"); r.Fate != fate.Unknown || r.Err == nil {
			t.Fatalf("fate %v, %v", r.Fate, r.Err)
		}
	}
	if cut := fc.Wrong("k"); cut != tries {
		t.Errorf("the cluster got %d increments, not %d", cut, tries)
	}
	n := settled(t, s, "GET", "k").Reply.Text
	if done, err := strconv.Atoi(n); err != nil || done == 0 || done == tries {
		t.Errorf("%q of %d increments were done", n, tries)
	}
}

// TestARefusedWriteIsSentOnce: an ordinary client repeats what was answered TRYAGAIN.
func TestARefusedWriteIsSentOnce(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{RefuseOneIn: 1})
	settled(t, s, "GET", "k") // learn the route
	for i := range 5 {
		r := Request{Key: "k", Args: []string{"SET", "k", "v"}}
		s.Batch([]*Request{&r, {Key: "k", Args: []string{"GET", "k"}}})
		if r.Code() != "TRYAGAIN" || r.Fate != fate.Refused || fc.Wrong("k") != i+1 {
			t.Fatalf("%v %q, sent %d times", r.Fate, r.Code(), fc.Wrong("k"))
		}
	}
}

func TestErrorRepliesAreDefinite(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{})
	settled(t, s, "SET", "k", "text")
	if r := s.Do("k", "INCR", "k"); r.Fate != fate.Refused || r.Code() != "ERR" {
		t.Errorf("%v %q", r.Fate, r.Code())
	}
}
