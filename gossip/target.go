package gossip

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	// While this node has no cluster it asks fast; after that a dead address
	// costs one dial in ten seconds.
	firstWait    = 50 * time.Millisecond
	maxWaitEmpty = 200 * time.Millisecond
	maxWait      = 10 * time.Second
)

// target is an address that we want to see alive: one of --join, one that is
// remembered, or one of a node that died.
type target struct {
	entry  string           // as given: ip:port or name:port
	listed bool             // of --join
	want   slotmap.NodeID   // who lived there last, if known
	addrs  []netip.AddrPort // what entry stood for at the last try
	self   bool             // it leads to this node

	answer Answer
	who    slotmap.NodeID // who answered last
	tries  int
	wait   time.Duration
	next   time.Time
	busy   bool
}

// outcome is what one try came to.
type outcome struct {
	addrs  []netip.AddrPort
	self   bool
	answer Answer
	who    slotmap.NodeID
}

// note takes in an outcome and sets the time of the next try.
func (t *target) note(o outcome, now time.Time, limit time.Duration) {
	t.busy = false
	t.tries++
	if len(o.addrs) > 0 {
		t.addrs = o.addrs
	}
	t.self = o.self
	t.answer, t.who = o.answer, o.who
	t.wait = min(max(2*t.wait, firstWait), limit)
	t.next = now.Add(t.wait*3/4 + rand.N(t.wait/2))
}

// seat is the name under which this address counts in the list: the address
// itself where it is one, so that two spellings of it are one seat.
func (t *target) seat() string {
	if len(t.addrs) == 1 {
		return t.addrs[0].String()
	}
	return t.entry
}

// livesIn finds the node that makes this target seen: any at its address, or
// the one that answered or used to live there, wherever it is now.
func (t *target) livesIn(d *directory) (Node, bool) {
	for _, a := range t.addrs {
		if n, ok := d.at(a.String()); ok {
			return n, true
		}
	}
	for _, id := range [...]slotmap.NodeID{t.who, t.want} {
		if n, ok := d.shown[id]; ok {
			return n, true
		}
	}
	return Node{}, false
}

// targets is all of them, by entry. Pure state.
type targets map[string]*target

// add makes entry a target, or notes more of one that exists.
func (ts targets) add(entry string, listed bool, want slotmap.NodeID) {
	t := ts[entry]
	if t == nil {
		if len(ts) >= 2*maxNodes {
			return
		}
		t = &target{entry: entry}
		if a, err := netip.ParseAddrPort(entry); err == nil {
			t.addrs = []netip.AddrPort{canonical(a)}
		}
		ts[entry] = t
	}
	t.listed = t.listed || listed
	if !want.IsZero() {
		t.want = want
	}
}

// due returns those to try now and when the next one will be due.
func (ts targets) due(now time.Time, d *directory) (try []*target, next time.Time) {
	next = now.Add(maxWait)
	for _, t := range ts {
		if _, seen := t.livesIn(d); t.self || t.busy || seen {
			continue
		}
		if !t.next.After(now) {
			try = append(try, t)
		} else if t.next.Before(next) {
			next = t.next
		}
	}
	return try, next
}

// knows tells whether a is among the addresses that we rejoin.
func (ts targets) knows(a netip.AddrPort) bool {
	for _, t := range ts {
		if slices.Contains(t.addrs, a) {
			return true
		}
	}
	return false
}

// learn follows the directory: a node that died is a target under its last
// address; one that left or moved is no more, unless it was asked for.
func (ts targets) learn(d *directory, keep map[string]bool) {
	for _, n := range d.known {
		if n.Gossip != "" && !n.Gateway {
			ts.add(n.Gossip, false, n.ID)
		}
	}
	for entry, t := range ts {
		if t.listed || keep[entry] || t.busy {
			continue
		}
		if n, ok := d.known[t.want]; !ok || n.Gossip != entry {
			delete(ts, entry)
		}
	}
}
