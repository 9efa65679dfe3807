package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// entered lets in as many requests as have a turn.
func entered(t *testing.T, g *gate) (turns []*turn) {
	t.Helper()
	for range cap(g.turns) {
		one, ok := g.enter(t.Context())
		if !ok {
			t.Fatal("refused while there are turns")
		}
		turns = append(turns, one)
	}
	return turns
}

// waited is how long a request waits for its turn.
func waited(t *testing.T, g *gate) (_ *turn, took time.Duration) {
	t.Helper()
	begin := time.Now()
	one, ok := g.enter(t.Context())
	if !ok {
		one = nil
	}
	return one, time.Since(begin)
}

// A request waits for its turn, as long as a burst may take; once one was refused hardly any does, and the longer it has
// been since, the longer.
func TestGateRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		turns := entered(t, g)
		time.AfterFunc(time.Millisecond, turns[0].leave)
		one, took := waited(t, g)
		if one == nil || took != time.Millisecond {
			t.Fatalf("when one leaves: %v after %v", one, took)
		}
		if one, took := waited(t, g); one != nil || took != burstWait {
			t.Errorf("in a burst: %v after %v", one, took)
		}
		if one, took := waited(t, g); one != nil || took != 0 {
			t.Errorf("behind it: %v after %v", one, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ok := g.enter(ctx); ok {
			t.Error("one whose client has gone is let in")
		}
		for _, other := range append(turns[1:], one) {
			other.leave()
		}
		if n, _ := g.here.InUse(); n != 0 || len(g.turns) != 0 {
			t.Errorf("%d requests and %d turns are left", n, len(g.turns))
		}
		entered(t, g)
	})
}

// The time that a request may wait grows with that since the last refusal.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		if g.patience() != burstWait {
			t.Errorf("at first: %v", g.patience())
		}
		g.refuse()
		passed := time.Duration(0)
		for _, tt := range []struct{ after, want time.Duration }{
			{0, 0}, {waitShare*leastWait - 1, 0}, {waitShare * leastWait, leastWait}, {waitShare * 2 * leastWait, 2 * leastWait},
			{waitShare * burstWait, burstWait}, {time.Hour, burstWait},
		} {
			<-time.After(tt.after - passed)
			if passed = tt.after; g.patience() != tt.want {
				t.Errorf("after %v: %v, not %v", tt.after, g.patience(), tt.want)
			}
		}
	})
}

// allEnd waits until every turn has ended.
func allEnd(g *gate) {
	for range cap(g.turns) {
		g.turns <- struct{}{}
	}
	for range cap(g.turns) {
		<-g.turns
	}
}

// A request that takes long keeps no other out, but counts as long as it is there; so does one that ended its turn.
func TestLongTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var all []*turn
		for len(all)+cap(g.turns) <= maxRequests {
			all = append(all, entered(t, g)...)
			allEnd(g)
		}
		for len(all) < maxRequests {
			one, ok := g.enter(t.Context())
			if !ok {
				t.Fatalf("the %dth is refused", len(all)+1)
			}
			one.end()
			all = append(all, one)
		}
		if one, took := waited(t, g); one != nil || took != 0 {
			t.Errorf("one more than may be: %v after %v", one, took)
		}
		for _, one := range all {
			one.leave()
		}
		if n, _ := g.here.InUse(); n != 0 || len(g.turns) != 0 {
			t.Errorf("%d requests and %d turns are left", n, len(g.turns))
		}
	})
}
