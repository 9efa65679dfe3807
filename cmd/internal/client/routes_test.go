package client

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
)

func TestRoutesFollowRedirects(t *testing.T) {
	r := NewRoutes([]string{"a:1", "b:2"})
	r.Redirected("MOVED 7 b:2")
	r.Redirected("MOVED 8 c:3") // a node not heard of before
	for _, junk := range []string{"MOVED", "MOVED 99999 a:1", "MOVED -1 a:1", "ASK 7 a:1", "MOVED x a:1", ""} {
		r.Redirected(junk)
	}
	if got := r.Pick(7, 0); got != "b:2" {
		t.Errorf("slot 7 at %s", got)
	}
	if got := r.Pick(8, 0); got != "c:3" {
		t.Errorf("slot 8 at %s", got)
	}
	if a, b := r.Pick(9, 0), r.Pick(9, 1); a != "a:1" || b != "b:2" {
		t.Errorf("an unknown slot is looked for at %s, then %s", a, b)
	}
}

func TestRoutesPassOverANodeThatIsDown(t *testing.T) {
	r := NewRoutes([]string{"a:1", "b:2"})
	r.shun = time.Hour
	r.Redirected("MOVED 7 b:2")
	r.Down("b:2")
	for salt := range uint64(4) {
		if got := r.Pick(7, salt); got != "a:1" {
			t.Errorf("salt %d: %s", salt, got)
		}
	}
	r.Down("a:1")
	if got := r.Pick(7, 1); got != "b:2" {
		t.Errorf("with all down somebody is asked in turn, got %s", got)
	}
	r.Redirected("MOVED 9 b:2") // somebody says that it is back
	if got := r.Pick(7, 0); got != "b:2" {
		t.Errorf("back up, slot 7 at %s", got)
	}
}

func TestParseSlots(t *testing.T) {
	host := func(name string, port int64) Reply {
		return Reply{Items: []Reply{{Text: name}, {Int: port}}}
	}
	entry := func(first, last int64, nodes ...Reply) Reply {
		return Reply{Items: append([]Reply{{Int: first}, {Int: last}}, nodes...)}
	}
	got, err := parseSlots(Reply{Items: []Reply{
		entry(0, 99, host("10.0.0.1", 7000), host("10.0.0.2", 7000)), entry(100, 16383, host("::1", 7001))}})
	want := []slotRange{{0, 99, "10.0.0.1:7000"}, {100, 16383, "[::1]:7001"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, bad := range map[string]Reply{
		"no master": entry(0, 1), "backwards": entry(5, 4, host("a", 1)), "too far": entry(0, 16384, host("a", 1)),
		"negative": entry(-1, 4, host("a", 1)), "no port": entry(0, 1, Reply{Items: []Reply{{Text: "a"}}}),
	} {
		if _, err := parseSlots(Reply{Items: []Reply{bad}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRefreshLearnsTheSlotTable(t *testing.T) {
	fc, err := fakecluster.New(3, 6, fakecluster.Bugs{})
	if err != nil {
		t.Fatal(err)
	}
	defer fc.Close()
	addrs := fc.Addrs()
	r := NewRoutes(addrs[:1]) // the others are learned
	r.shun = time.Hour
	if err := r.Refresh(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	if a, b := r.Pick(0, 0), r.Pick(16383, 0); a != addrs[0] || b != addrs[2] {
		t.Errorf("slot 0 at %s, slot 16383 at %s, nodes %v", a, b, addrs)
	}
	fc.Kill(0)
	if err := r.Refresh(context.Background(), 0); err == nil {
		t.Error("a killed node answered")
	}
	if got := r.Pick(0, 0); got == addrs[0] {
		t.Error("a node that did not answer is not passed over")
	}
}
