package placement

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// nodeID is the id of a node with a name of one letter.
func nodeID(name byte) slotmap.NodeID { return slotmap.NodeID{name} }

// parseNodes reads nodes: a letter, then ! dead, ~ low on space, ^ wrong clock, - about to stop, @ gateway, >XY replaces X and Y,
// :zone.
func parseNodes(text string) []NodeInfo {
	var nodes []NodeInfo
	for _, w := range strings.Fields(text) {
		w, zone, _ := strings.Cut(w, ":")
		n := NodeInfo{ID: nodeID(w[0]), Zone: zone, Alive: !strings.Contains(w, "!"),
			LowSpace: strings.Contains(w, "~"), Gateway: strings.Contains(w, "@"),
			WrongClock: strings.Contains(w, "^"), Leaving: strings.Contains(w, "-")}
		_, replaced, _ := strings.Cut(w, ">")
		for i := range replaced {
			n.Replaces = append(n.Replaces, nodeID(replaced[i]))
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// parseShard reads the members of a shard: a letter for the node, then * leader, + learner, ? not caught up,
// = declined to lead. Replica ids count from 1.
func parseShard(id slotmap.ShardID, text string) (slotmap.Shard, Led) {
	s := slotmap.Shard{ID: id, Index: 1, Term: 1}
	led := Led{Progress: map[uint64]Progress{}}
	for i, w := range strings.Fields(text) {
		replica := uint64(i + 1)
		s.Members = append(s.Members, slotmap.Member{Replica: replica, Node: nodeID(w[0]), Learner: strings.Contains(w, "+")})
		if strings.Contains(w, "*") {
			s.Leader = replica
		}
		led.Progress[replica] = Progress{CaughtUp: !strings.Contains(w, "?"), RecentlyActive: !strings.Contains(w, "?"),
			Declined: strings.Contains(w, "=")}
	}
	return s, led
}

func parseView(nodes string, replicas int, shards []string) View {
	v := View{Nodes: parseNodes(nodes), Replicas: replicas}
	var list []slotmap.Shard
	for i, text := range shards {
		s, _ := parseShard(slotmap.ShardID(i+1), text)
		list = append(list, s)
	}
	v.Map = slotmap.New(nil, list)
	return v
}

// planAll joins the plans of all nodes, each for the shards it leads.
func planAll(nodes string, replicas int, shards []string) string {
	v := parseView(nodes, replicas, shards)
	var out []string
	for _, n := range v.Nodes {
		v.Self, v.Led = n.ID, map[slotmap.ShardID]Led{}
		for i, text := range shards {
			s, led := parseShard(slotmap.ShardID(i+1), text)
			if leader, ok := s.LeaderNode(); ok && leader == n.ID && n.Alive {
				v.Led[s.ID] = led
			}
		}
		for _, s := range Plan(v) {
			out = append(out, stepText(s))
		}
	}
	return strings.Join(out, ", ")
}

func stepText(s Step) string {
	switch s := s.(type) {
	case AddLearner:
		return fmt.Sprintf("%d add %c", s.Shard, s.Node[0])
	case RemoveLearner:
		return fmt.Sprintf("%d drop %d", s.Shard, s.Replica)
	case Promote:
		return fmt.Sprintf("%d promote %v remove %v", s.Shard, s.Learners, s.Remove)
	case Transfer:
		return fmt.Sprintf("%d lead %d", s.Shard, s.Replica)
	}
	return "?"
}

func TestPlan(t *testing.T) {
	cases := []struct {
		name     string
		nodes    string
		replicas int
		shards   []string
		want     string
	}{
		{"alone", "A", 3, []string{"A*"}, ""},
		{"two nodes are not three", "A B", 3, []string{"A*"}, ""},
		{"one becomes three", "A B C", 3, []string{"A*"}, "1 add B, 1 add C"},
		{"the second is on its way", "A B C", 3, []string{"A* B+?"}, "1 add C"},
		{"not before both are caught up", "A B C", 3, []string{"A* B+ C+?"}, ""},
		{"in one joint change", "A B C", 3, []string{"A* B+ C+"}, "1 promote [2 3] remove []"},
		{"at rest", "A B C", 3, []string{"A* B C"}, ""},
		{"no leader, no step", "A B C", 3, []string{"A"}, ""},
		{"a dead node keeps its place", "A B C! D", 3, []string{"A* B C"}, ""},
		{"so does one that nobody tells of", "A B D", 3, []string{"A* B C"}, ""},
		{"its successor comes", "A B C! D>C", 3, []string{"A* B C?"}, "1 add D"},
		{"and takes over in one change", "A B C! D>C", 3, []string{"A* B C? D+"}, "1 promote [4] remove [3]"},
		{"when it is caught up", "A B C! D>C", 3, []string{"A* B C? D+?"}, ""},
		{"and a majority is", "A B C! D>C", 5, []string{"A* B? E? C? F? D+"}, ""},
		{"the successor died as well", "A B C! D! E>CD", 3, []string{"A* B C?"}, "1 add E"},
		{"on its way, it is dropped", "A B C! D! E>CD", 3, []string{"A* B C? E+? D+?"}, "1 drop 5"},
		{"and the new one takes over", "A B C! D! E>CD", 3, []string{"A* B C? E+"}, "1 promote [4] remove [3]"},
		{"also from the successor", "A B C! D! E>CD", 3, []string{"A* B D? E+"}, "1 promote [4] remove [3]"},
		{"and then all is at rest", "A B C! D! E>CD", 3, []string{"A* B E"}, ""},
		{"a third time, in any order", "A B C! D! E! F>ECD", 3, []string{"A* B C?", "A* B D?", "A* B E?"}, "1 add F, 2 add F, 3 add F"},
		{"not of one that lives", "A B C D>C", 3, []string{"A* B C"}, ""},
		{"a successor that has a seat", "A B>C C! D", 3, []string{"A* B C?"}, "1 add D"},
		{"and no other to give", "A B>C C!", 3, []string{"A* B C?"}, ""},
		{"no space, no replica", "A B C~", 3, []string{"A*"}, ""},
		{"a gateway holds nothing", "A B C@", 3, []string{"A*"}, ""},
		{"a dead learner keeps its place", "A B C!", 3, []string{"A* B+ C+?"}, ""},
		{"and holds up no successor", "A B C! D! E>C", 5, []string{"A* B C? D+? E+"}, "1 promote [5] remove [3]"},
		{"until another can have it", "A B C! D", 3, []string{"A* B+ C+?"}, "1 drop 3"},
		{"zones first", "A:x B:x C:y D:z", 3, []string{"A*"}, "1 add C, 1 add D"},
		{"a replica moves to a zone of its own", "A:x B:x C:y D:z", 3, []string{"A* B C"}, "1 add D"},
		{"swapped", "A:x B:x C:y D:z", 3, []string{"A* B C D+"}, "1 promote [4] remove [2]"},
		{"even is mended", "A B", 3, []string{"A* B"}, "1 promote [] remove [2]"},
		{"even is mended upwards", "A B C", 3, []string{"A* B"}, "1 add C"},
		{"too many", "A B C D E", 3, []string{"A* B C D E"}, "1 promote [] remove [4 5]"},
		{"not if the rest is behind", "A B C D E", 3, []string{"A* B? C? D E"}, ""},
		{"the dead go first", "A B! C D! E", 3, []string{"A* B? C D? E"}, "1 promote [] remove [2 4]"},
		{"a shard goes to the empty node", "A B", 1, []string{"A*", "A*"}, "1 add B"},
		{"with its leader, if there is no other", "A B", 1, []string{"A* B+", "A*"}, "1 promote [2] remove [1]"},
		{"a difference of one is even", "A B", 1, []string{"A*", "A*", "B*"}, ""},
		{"what is under way goes first", "A B C", 1, []string{"A*", "A*", "A* C+", "A*", "B*"}, "3 promote [2] remove [1]"},
		{"the leader steps aside", "A B C D E F", 3, []string{"A* B C D+", "A E* F", "A E F*"}, "1 lead 2"},
		{"leaders spread", "A B C", 3, []string{"A* B C", "A* B C", "A* B C"}, "1 lead 2"},
		{"one at a time", "A B C", 3, []string{"A* B C", "A* B C", "A* B C", "A* B C", "A* B C", "A* B C"}, "1 lead 2"},
		{"to one that is caught up", "A B C", 3, []string{"A* B? C", "A* B? C", "A* B? C"}, ""},
		{"to one that would", "A B C", 3, []string{"A* B= C", "A* B= C", "A* B= C"}, ""},
		{"nor by one that steps aside to it", "A B C D E F", 3, []string{"A* B= C D+", "A E* F", "A E F*"}, "1 lead 3"},
		{"another goes before the leader", "A B C D", 3, []string{"A* B C D+", "A B* C"}, "1 promote [4] remove [2]"},
		{"leaders are even", "A B C", 3, []string{"A* B C", "A* B C", "A B* C", "A B C*"}, ""},
		{"the dead lead nothing", "A B C!", 3, []string{"A* B C", "A* B C", "A* B C"}, "1 lead 2"},
		{"wrong clock, no leader", "A^ B C", 3, []string{"A* B C", "A B* C"}, "1 lead 3"},
		{"wrong clock, nobody else", "A^ B!", 3, []string{"A* B C"}, ""},
		{"wrong clocks everywhere", "A^ B^ C^", 3, []string{"A* B C", "A* B C"}, ""},
		{"no way back to a wrong clock", "A^ B C!", 3, []string{"A B* C", "A B* C", "A B* C"}, ""},
		{"no way back by a chain", "A^ B C", 3, []string{"A B* C", "A B* C", "A B C*"}, ""},
		{"wrong clock, but room for a replica", "A B C^", 3, []string{"A*"}, "1 add B, 1 add C"},
		{"no space, no leader", "A~ B C", 3, []string{"A* B C", "A B* C"}, "1 lead 3"},
		{"who is about to stop is given no leadership", "A- B C", 3, []string{"A B* C", "A B* C", "A B C*"}, ""},
		{"nor by a chain", "A- B C", 3, []string{"A B* C", "A B* C", "A B* C"}, "1 lead 3"},
		{"nor by one that steps aside", "A B- C D E F", 3, []string{"A* B C D+", "A E* F", "A E F*"}, "1 lead 3"},
		{"nor a replica", "A B C-", 3, []string{"A*"}, ""},
		{"but it keeps those it has", "A B C- D", 3, []string{"A* B C"}, ""},
		{"twice on one node", "A B C", 3, []string{"A* B C B+"}, "1 drop 4"},
	}
	for _, c := range cases {
		if got := planAll(c.nodes, c.replicas, c.shards); got != c.want {
			t.Errorf("%s: %s | %v: got %q, want %q", c.name, c.nodes, c.shards, got, c.want)
		}
	}
}

func TestChainOfTransfers(t *testing.T) {
	// A leads two, B, D and E one, C none. A shares no shard with C, so B gives one to C first. The shards without
	// a leader keep the number of replicas even.
	shards := []string{"A* B D", "A* B E", "B* C D", "D* E A", "E* D A", "B C E", "B C E", "C A D"}
	if got := planAll("A B C D E", 3, shards); got != "3 lead 2" {
		t.Errorf("got %q", got)
	}
	shards[2] = "B C* D"
	if got := planAll("A B C D E", 3, shards); got != "1 lead 2" {
		t.Errorf("then A to B: got %q", got)
	}
}

func TestBusyShardsAreLeftAlone(t *testing.T) {
	v := parseView("A B C", 3, []string{"A*"})
	v.Self = nodeID('A')
	v.Led = map[slotmap.ShardID]Led{1: {Busy: true}}
	if got := Plan(v); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	v.Led = nil
	if got := Plan(v); len(got) != 0 {
		t.Errorf("a shard that it does not lead: %v", got)
	}
}

func TestOddViews(t *testing.T) {
	for _, v := range []View{
		{},
		{Nodes: parseNodes("A B"), Replicas: -4},
		{Map: slotmap.New(slotmap.Even(3), nil), Nodes: parseNodes("A"), Replicas: 3, Led: map[slotmap.ShardID]Led{1: {}, 9: {}}},
	} {
		if got := Plan(v); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	}
	if got := planAll("A B C D", 4, []string{"A*"}); got != "1 add B, 1 add C" {
		t.Errorf("factor 4 counts as 3: %s", got)
	}
}
