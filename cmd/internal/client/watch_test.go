package client

import (
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

// watch repeats Watch until the routes are learned.
func watch(t *testing.T, s *Session, key string) (Request, *Watched) {
	t.Helper()
	for range 20 {
		r, w := s.Watch(key)
		if (w != nil) != (r.Fate == fate.Done) {
			t.Fatalf("fate %v, watched %v", r.Fate, w)
		}
		if w != nil {
			return r, w
		}
	}
	t.Fatal("no answer")
	return Request{}, nil
}

func TestWatchedSet(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{})
	if r, w := watch(t, s, "k"); !r.Reply.Null {
		t.Errorf("an absent key reads %+v", r.Reply)
	} else if r, ok := w.Set("1"); !ok || r.Fate != fate.Done {
		t.Errorf("swap on an untouched key: %v %v", r.Fate, r.Err)
	}
	r, w := watch(t, s, "k")
	if r.Reply.Text != "1" {
		t.Errorf("read %q", r.Reply.Text)
	}
	settled(t, s, "SET", "k", "2") // same connection, but the key is touched
	if r, ok := w.Set("3"); ok || r.Fate != fate.Done {
		t.Errorf("swap on a touched key: %v %v", ok, r.Fate)
	}
	if r := settled(t, s, "GET", "k"); r.Reply.Text != "2" {
		t.Errorf("then the key holds %q", r.Reply.Text)
	}
}

func TestWatchedSetRefused(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{RefuseOneIn: 1})
	_, w := watch(t, s, "k")
	if r, ok := w.Set("1"); ok || r.Fate != fate.Refused {
		t.Errorf("%v %v", ok, r.Fate)
	}
}

func TestWatchedSetCut(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{CutOneIn: 1})
	_, w := watch(t, s, "k")
	if r, ok := w.Set("1"); ok || r.Fate != fate.Unknown || r.Err == nil {
		t.Errorf("%v %v %v", ok, r.Fate, r.Err)
	}
}

func TestWatchWhereNobodyListens(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{})
	for i := range 3 {
		fc.Kill(i)
	}
	if r, w := s.Watch("k"); w != nil || r.Fate != fate.Refused || r.Err == nil {
		t.Errorf("%v %v", r.Fate, r.Err)
	}
}
