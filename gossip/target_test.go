package gossip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

var epoch = time.Unix(1_000_000, 0)

func dueEntries(ts targets, now time.Time, d *directory) map[string]bool {
	out := map[string]bool{}
	try, _ := ts.due(now, d)
	for _, t := range try {
		out[t.entry] = true
	}
	return out
}

func TestTargetsUntilSeen(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	ts := make(targets)
	ts.add("10.0.0.1:1", true, slotmap.NodeID{})
	ts.add("10.0.0.2:1", false, slotmap.NodeID{2})
	if got := dueEntries(ts, epoch, d); len(got) != 2 {
		t.Fatalf("due at first: %v", got)
	}
	d.put(nodeAt(1, "10.0.0.1:1", 1))
	d.put(nodeAt(2, "10.0.0.7:1", 1)) // moved
	if got := dueEntries(ts, epoch, d); len(got) != 0 {
		t.Errorf("due though seen: %v", got)
	}
	d.drop(slotmap.NodeID{1}, false)
	if got := dueEntries(ts, epoch, d); !got["10.0.0.1:1"] || len(got) != 1 {
		t.Errorf("due after a death: %v", got)
	}
	d.put(nodeAt(3, "10.0.0.1:1", 1)) // wiped
	if got := dueEntries(ts, epoch, d); len(got) != 0 {
		t.Errorf("due though another id is there: %v", got)
	}
}

func TestTargetBackoff(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	ts := make(targets)
	ts.add("10.0.0.1:1", true, slotmap.NodeID{})
	now := epoch
	var waits []time.Duration
	for range 12 {
		try, _ := ts.due(now, d)
		if len(try) != 1 {
			t.Fatalf("not due at its time")
		}
		try[0].note(outcome{}, now, maxWait)
		if again, next := ts.due(now, d); len(again) != 0 || next.After(try[0].next) {
			t.Fatalf("due at once, or woken at %v, after %v", next, try[0].next)
		}
		waits = append(waits, try[0].next.Sub(now))
		now = try[0].next
	}
	if waits[0] > 2*firstWait || waits[11] < maxWait/2 || waits[11] > 2*maxWait {
		t.Errorf("waits %v", waits)
	}
}

func TestTargetsLearn(t *testing.T) {
	d := newDirectory(slotmap.NodeID{99}, clusterX)
	ts := make(targets)
	ts.add("10.0.0.5:1", true, slotmap.NodeID{})
	ts.add("10.0.0.6:1", false, slotmap.NodeID{})
	keep := map[string]bool{"10.0.0.6:1": true}
	d.put(nodeAt(1, "10.0.0.1:1", 1))
	d.put(nodeAt(2, "10.0.0.2:1", 1))
	ts.learn(d, keep)
	if !ts.knows(netip.MustParseAddrPort("10.0.0.1:1")) || len(ts) != 4 {
		t.Errorf("targets %v", ts)
	}
	d.drop(slotmap.NodeID{1}, true)   // left
	d.put(nodeAt(2, "10.0.0.3:1", 2)) // moved
	d.drop(slotmap.NodeID{2}, false)  // and died
	ts.learn(d, keep)
	for entry, want := range map[string]bool{"10.0.0.1:1": false, "10.0.0.2:1": false, "10.0.0.3:1": true, "10.0.0.5:1": true, "10.0.0.6:1": true} {
		if _, got := ts[entry]; got != want {
			t.Errorf("%s: a target %v, want %v", entry, got, want)
		}
	}
}

func TestAttribute(t *testing.T) {
	a, b := nodeAt(1, "10.0.0.1:1", 1), nodeAt(2, "10.0.0.2:1", 1)
	both := map[slotmap.NodeID]Node{a.ID: a, b.ID: b}
	one := map[slotmap.NodeID]Node{a.ID: a}
	tests := []struct {
		addr  string
		spoke map[slotmap.NodeID]Node
		want  slotmap.NodeID
		ok    bool
	}{
		{"10.0.0.2:1", both, b.ID, true},
		{"172.16.0.1:1", one, a.ID, true}, // behind a translated address
		{"172.16.0.1:1", both, slotmap.NodeID{}, false},
		{"172.16.0.1:1", nil, slotmap.NodeID{}, false},
	}
	for _, tt := range tests {
		got, ok := attribute(tt.addr, tt.spoke)
		if ok != tt.ok || ok && got.ID != tt.want {
			t.Errorf("%s among %d: got %v %v", tt.addr, len(tt.spoke), got.ID, ok)
		}
	}
}

func TestWitness(t *testing.T) {
	var w witness
	w.note(nodeAt(1, "", 1))
	mark := w.mark()
	for i := range 200 {
		w.note(nodeAt(byte(2+i%3), "", int64(i)))
	}
	got := w.since(mark)
	if len(got) != 3 || got[slotmap.NodeID{3}].Boot != 199 {
		t.Errorf("got %v", got)
	}
	if len(w.since(w.mark())) != 0 {
		t.Error("nobody spoke since")
	}
}

func TestLags(t *testing.T) {
	own := Node{ID: slotmap.NodeID{99}, Cluster: clusterX, Digest: 5}
	same, other := nodeAt(1, "10.0.0.1:1", 1), nodeAt(2, "10.0.0.2:1", 1)
	same.Digest, other.Digest = 5, 6
	foreign := other
	foreign.ID, foreign.Cluster = slotmap.NodeID{3}, clusterY
	peers := []Node{same, other, foreign}
	l := make(lags)
	if n, ok := l.pick(epoch, own, peers); ok {
		t.Fatalf("pulls from %v at once", n.ID)
	}
	now := epoch.Add(digestPatience)
	var pulls int
	for range 600 { // a minute
		if n, ok := l.pick(now, own, peers); ok {
			if n.ID != other.ID {
				t.Fatalf("pulls from %v", n.ID)
			}
			pulls++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if pulls < 4 || pulls > 15 {
		t.Errorf("%d pulls in a minute from a peer that stays different", pulls)
	}
	own.Digest = 6
	if n, ok := l.pick(now, own, []Node{other}); ok || len(l) != 0 {
		t.Errorf("pulls from %v though equal", n.ID)
	}
	own.Digest = (*slotmap.Map)(nil).Digest()
	if _, ok := l.pick(now, own, []Node{other}); !ok {
		t.Error("an empty map has to be filled at once")
	}
}
