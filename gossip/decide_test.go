package gossip

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
)

var (
	clusterX = slotmap.ClusterID{1}
	clusterY = slotmap.ClusterID{2}
)

func TestDecide(t *testing.T) {
	const a, b, c, d, e = "10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"
	empty, gone := Answer{State: Empty}, Answer{State: Unreachable}
	silent, named := Answer{State: Silent}, Answer{State: Named, Cluster: clusterX}
	other := Answer{State: Named, Cluster: clusterY}
	tests := []struct {
		name string
		self string
		join []string
		seen map[string]Answer
		want Action
	}{
		{"no list", a, nil, nil, StartCluster},
		{"no list but a cluster was heard of", a, nil, map[string]Answer{b: named}, JoinCluster},
		{"only itself", a, []string{a}, nil, StartCluster},
		{"only itself, twice", a, []string{a, a}, nil, StartCluster},
		{"only another", a, []string{b}, map[string]Answer{b: empty}, Wait},
		{"first, nobody asked yet", a, []string{a, b, c}, nil, Wait},
		{"first, all empty", a, []string{a, b, c}, map[string]Answer{b: empty, c: empty}, StartCluster},
		{"first, one empty, one being asked", a, []string{a, b, c}, map[string]Answer{b: empty}, Wait},
		{"first, one empty, one absent", a, []string{a, b, c}, map[string]Answer{b: empty, c: gone}, StartCluster},
		{"first, one empty, one silent", a, []string{a, b, c}, map[string]Answer{b: empty, c: silent}, Wait},
		{"first, both absent", a, []string{a, b, c}, map[string]Answer{b: gone, c: gone}, Wait},
		{"first, one names a cluster, one being asked", a, []string{a, b, c}, map[string]Answer{c: named}, JoinCluster},
		{"first, one empty, one names a cluster", a, []string{a, b, c}, map[string]Answer{b: empty, c: named}, JoinCluster},
		{"first of two, other absent", a, []string{a, b}, map[string]Answer{b: gone}, Wait},
		{"first of two, other empty", a, []string{a, b}, map[string]Answer{b: empty}, StartCluster},
		{"first of four, half", a, []string{a, b, c, d}, map[string]Answer{b: empty, c: gone, d: gone}, Wait},
		{"first of five, three", a, []string{a, b, c, d, e}, map[string]Answer{b: empty, c: gone, d: gone, e: empty}, StartCluster},
		{"a repeated seat counts once", a, []string{a, b, b, c, d}, map[string]Answer{b: empty, c: gone, d: gone}, Wait},
		{"second, all empty", b, []string{a, b, c}, map[string]Answer{a: empty, c: empty}, Wait},
		{"second, first absent", b, []string{a, b, c}, map[string]Answer{a: gone, c: empty}, Wait},
		{"second, first named", b, []string{a, b, c}, map[string]Answer{a: named, c: empty}, JoinCluster},
		{"unlisted, heard of a cluster elsewhere", e, []string{a}, map[string]Answer{a: empty, d: named}, JoinCluster},
		{"two clusters", a, []string{a, b, c}, map[string]Answer{b: named, c: other}, Wait},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Decide(tt.self, tt.join, tt.seen)
			if got.Action != tt.want {
				t.Fatalf("got %v (%s), want %v", got.Action, got.Reason, tt.want)
			}
			if (got.Action == Wait) != (got.Reason != "") {
				t.Errorf("%v with reason %q", got.Action, got.Reason)
			}
			if got.Action == JoinCluster && got.Cluster != clusterX {
				t.Errorf("joins %v", got.Cluster)
			}
		})
	}
}

// TestReasons: whoever waits for one that does not answer is told so.
func TestReasons(t *testing.T) {
	const a, b = "10.0.0.1:1", "10.0.0.2:1"
	for _, self := range []string{a, b} {
		other := map[string]string{a: b, b: a}[self]
		d := Decide(self, []string{a, b}, map[string]Answer{other: {State: Silent}})
		if !strings.HasPrefix(d.Reason, other+" listens but does not answer") || !strings.Contains(d.Reason, "another secret") {
			t.Errorf("%s: %q", self, d.Reason)
		}
	}
}

// TestNoSecondCluster checks the argument of the package comment: while the
// nodes that carry an id are a majority of the list, no wiped node starts
// anew, whatever part of the others it reaches.
func TestNoSecondCluster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 7).Draw(t, "n")
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("10.0.0.%d:1", i+1)
		}
		wiped := map[string]bool{}
		for _, i := range rapid.Permutation(indexes(n)).Draw(t, "order")[:rapid.IntRange(0, (n-1)/2).Draw(t, "lost")] {
			wiped[list[i]] = true
		}
		// Most draws are of the two answers that let a node start.
		states := rapid.SampledFrom([]AnswerState{Unreachable, Unreachable, Unreachable, Empty, Empty, Unasked, Silent})
		for self := range wiped {
			seen := map[string]Answer{}
			for _, a := range list {
				switch s := states.Draw(t, "state of "+a); {
				case a == self:
				case s == Empty && !wiped[a]:
					seen[a] = Answer{State: Named, Cluster: clusterX}
				default:
					seen[a] = Answer{State: s}
				}
			}
			if d := Decide(self, list, seen); d.Action == StartCluster {
				t.Fatalf("%s of %v starts a second cluster, seeing %v", self, list, seen)
			}
		}
	})
}

// TestOneStarter: whatever they see, equal lists make at most one node start.
func TestOneStarter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "n")
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("10.0.0.%d:1", i+1)
		}
		states := rapid.SampledFrom([]AnswerState{Unasked, Unreachable, Silent, Empty})
		for i, self := range list {
			seen := map[string]Answer{}
			for _, a := range list {
				seen[a] = Answer{State: states.Draw(t, "state")}
			}
			if d := Decide(self, list, seen); i > 0 && d.Action != Wait {
				t.Fatalf("node %d: %v", i, d)
			}
		}
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
