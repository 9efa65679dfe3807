package session

import (
	"testing"
	"time"
)

func TestBelowCounts(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, 5 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, time.Minute} {
		h.add(d)
	}
	counts, all := h.below()
	want := [len(CommandBounds)]uint64{1, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4}
	if counts != want || all != 5 {
		t.Errorf("%v of %d, want %v of 5", counts, all, want)
	}
}

func TestCommands(t *testing.T) {
	b := newBed(t, 1)
	b.dial().want("SET k v", "OK", "SET k2 v", "OK", "INCR k", "-ERR value is not an integer or out of range",
		"CLIENT GETNAME", "nil")
	seen := map[string]CommandStats{}
	for _, c := range b.srv.Commands() {
		seen[c.Name] = c
	}
	if seen["set"].Calls != 2 || seen["incr"].Failed != 1 || seen["client|getname"].Calls != 1 {
		t.Errorf("%+v", seen)
	}
}
