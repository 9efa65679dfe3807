package client

import (
	"context"
	"fmt"
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
	t.Cleanup(func() { s.Close(); fc.Close() })
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

func TestSessionReportsARedirectAndFollowsItNextTime(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{})
	moved := 0
	for i := range 12 {
		key := fmt.Sprint("k", i)
		for {
			r := s.Do(key, "SET", key, "v")
			if r.Fate == fate.Done {
				break
			}
			if r.Code() != "MOVED" || r.Fate != fate.Refused {
				t.Fatalf("%s: %v %q %v", key, r.Fate, r.Code(), r.Err)
			}
			moved++
		}
	}
	if moved == 0 || moved > 12 {
		t.Errorf("%d redirects for 12 keys", moved)
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

func TestRefusedDialIsRefusedAndBrokenConnectionIsUnknown(t *testing.T) {
	fc, routes, s := start(t, fakecluster.Bugs{})
	first := settled(t, s, "SET", "k", "1")
	for i, addr := range fc.Addrs() {
		if addr == first.Addr {
			fc.Kill(i)
		}
	}
	if r := s.Do("k", "SET", "k", "2"); r.Fate != fate.Unknown || r.Err == nil || r.Code() != "NET" {
		t.Errorf("over a broken connection: %v %v", r.Fate, r.Err)
	}
	routes.Up(first.Addr) // do not pass it over
	if r := s.Do("k", "SET", "k", "3"); r.Fate != fate.Refused || r.Err == nil {
		t.Errorf("to a node that does not listen: %v %v", r.Fate, r.Err)
	}
	if r := settled(t, s, "GET", "k"); r.Reply.Text != "1" || r.Addr == first.Addr {
		t.Errorf("after the failover: %q at %s", r.Reply.Text, r.Addr)
	}
}

func TestCutWriteIsUnknown(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{CutOneIn: 1})
	seen := map[string]int{}
	for range 4 {
		r := s.Do("k", "INCR", "k")
		for r.Code() == "MOVED" {
			r = s.Do("k", "INCR", "k")
		}
		seen[r.Code()]++
		if r.Err != nil && r.Fate != fate.Unknown {
			t.Errorf("fate %v", r.Fate)
		}
	}
	if seen["NET"] == 0 {
		t.Errorf("no connection broke: %v", seen)
	}
}

func TestErrorRepliesAreDefinite(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{})
	settled(t, s, "SET", "k", "text")
	if r := s.Do("k", "INCR", "k"); r.Fate != fate.Refused || r.Code() != "ERR" {
		t.Errorf("%v %q", r.Fate, r.Code())
	}
}
