package client

import (
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

// swap stores value in k, having called between after the read.
func swap(s *Session, value string, between func()) (read Request, write *Request, swapped bool) {
	write, swapped = s.Swap("k", func(r *Request) string {
		read = *r
		between()
		return value
	})
	return read, write, swapped
}

func nothing() {}

func TestSwap(t *testing.T) {
	_, routes, s := start(t, fakecluster.Bugs{})
	other := NewSession(t.Context(), routes, patience, 0)
	if read, write, ok := swap(s, "1", nothing); !read.Reply.Null || !ok || write.Fate != fate.Done {
		t.Errorf("an absent key reads %+v; then %v %+v", read.Reply, ok, write)
	}
	read, write, ok := swap(s, "3", func() { settled(t, other, "SET", "k", "2") })
	if read.Reply.Text != "1" || ok || write.Fate != fate.Done {
		t.Errorf("a touched key reads %+v; then %v %+v", read.Reply, ok, write)
	}
	if r := settled(t, s, "GET", "k"); r.Reply.Text != "2" {
		t.Errorf("then the key holds %q", r.Reply.Text)
	}
}

func TestSwapRefused(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{RefuseOneIn: 1})
	if _, write, ok := swap(s, "1", nothing); ok || write.Fate != fate.Refused || write.Code() != "TRYAGAIN" {
		t.Errorf("%v %+v", ok, write)
	}
	if n := fc.Wrong("k"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestSwapCut(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{CutOneIn: 1})
	if _, write, ok := swap(s, "1", nothing); ok || write.Fate != fate.Unknown || write.Err == nil {
		t.Errorf("%v %+v", ok, write)
	}
	if n := fc.Wrong("k"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestSwapWithoutMulti(t *testing.T) {
	_, _, s := start(t, fakecluster.Bugs{RefuseMulti: true})
	if _, write, ok := swap(s, "1", nothing); ok || write.Fate != fate.Unknown {
		t.Errorf("%v %+v", ok, write)
	}
	if r := settled(t, s, "GET", "k"); r.Reply.Text != "1" {
		t.Errorf("without MULTI the SET is done at once, and the key holds %q", r.Reply.Text)
	}
}

func TestSwapAfterTheLeaderChanged(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{})
	_, write, ok := swap(s, "1", func() {
		for i, addr := range fc.Addrs() {
			if addr == settled(t, s, "GET", "k").Addr {
				fc.Kill(i)
				return
			}
		}
	})
	if ok || write.Fate == fate.Done {
		t.Errorf("%v %+v", ok, write)
	}
	if r := settled(t, s, "GET", "k"); !r.Reply.Null {
		t.Errorf("the key holds %q", r.Reply.Text)
	}
}

func TestSwapWhereNobodyListens(t *testing.T) {
	fc, _, s := start(t, fakecluster.Bugs{})
	for i := range 3 {
		fc.Kill(i)
	}
	if read, write, ok := swap(s, "1", nothing); write != nil || ok || read.Fate != fate.Refused || read.Err == nil {
		t.Errorf("%+v %+v", read, write)
	}
}
