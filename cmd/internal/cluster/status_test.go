package cluster

import (
	"reflect"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

func TestReadShards(t *testing.T) {
	r := newReading()
	for i, info := range []string{
		"# Shards\r\nshard1:slots=0-99,200,300-16383,role=leader,leader=1,term=3,last=900,commit=900,applied=899,voters=3\r\nshard2:slots=,role=follower,term=9\r\n",
		"shard1:slots=0-99,role=leader,term=2,commit=5,applied=5,voters=2\r\n", // an old leader that does not know it
		"shard1:slots=0-99,role=follower,term=3,applied=800\r\nother:1\r\nshardx:role=leader\r\n",
	} {
		if err := r.read(info, i); err != nil {
			t.Fatal(err)
		}
	}
	want := []Shard{
		{ID: 1, Slots: []slotmap.Range{{First: 0, Last: 99}, {First: 200, Last: 200}, {First: 300, Last: 16383}}, Leader: 0, Term: 3, Voters: 3, Holders: []int{0, 1, 2}, InStep: 2},
		{ID: 2, Leader: -1, Holders: []int{0}, InStep: 1},
	}
	if got := r.shards(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []string{
		"shard1:slots=0-99,role=leader,term=9,voters=x", "shard1:slots=9-1,role=leader,term=9,voters=3",
		"shard1:slots=0-16384,role=leader,term=9,voters=3",
	} {
		if err := newReading().read(bad, 0); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestWhole(t *testing.T) {
	half := func(id int, first, last uint16) Shard {
		return Shard{ID: id, Slots: []slotmap.Range{{First: first, Last: last}}, Leader: 0, Voters: 3, Holders: []int{0, 1, 2}, InStep: 3}
	}
	a, b := half(1, 0, 8191), half(2, 8192, 16383)
	noLeader, fewVoters, fewHolders, replays := b, b, b, b
	noLeader.Leader, fewVoters.Voters, fewHolders.Holders = -1, 1, []int{0, 2}
	replays.InStep = 2
	for _, c := range []struct {
		shards []Shard
		want   string
	}{
		{[]Shard{a, b}, ""},
		{[]Shard{a}, "8192 of 16384 slots"},
		{[]Shard{a, noLeader}, "shard 2 has no leader"},
		{[]Shard{a, fewVoters}, "shard 2 has 1 of 3 voters"},
		{[]Shard{a, fewHolders}, "2 nodes hold it"},
		{[]Shard{a, replays}, "shard 2: 2 of 3 copies are in step"},
	} {
		err := whole(c.shards, 3)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

func TestParseMyself(t *testing.T) {
	text := "aaa 127.0.0.1:1@2 master - 0 0 1 connected 0-99\n" +
		"bbb 127.0.0.1:3@4 myself,slave aaa 0 0 7 connected\n"
	if got, err := parseMyself(text); err != nil || got.id != "bbb" || got.primary != "aaa" || got.epoch != 7 {
		t.Errorf("replica: %+v, %v", got, err)
	}
	text = "ccc 127.0.0.1:5@6 myself,master - 0 0 8 connected 100-199 300\n"
	got, err := parseMyself(text)
	if err != nil || got.primary != "" || len(got.slots) != 2 || got.slots[1].First != 300 {
		t.Errorf("primary: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "aaa 127.0.0.1:1@2 master - 0 0 1 connected 0-99\n", "a b myself - 0 0 x connected\n"} {
		if _, err := parseMyself(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestVoters(t *testing.T) {
	for _, c := range []struct{ nodes, replicas, want int }{{3, 3, 3}, {5, 3, 3}, {2, 3, 1}, {1, 3, 1}, {1, 1, 1}} {
		if got := (Troupe{}).Voters(Options{Nodes: c.nodes, Replicas: c.replicas}); got != c.want {
			t.Errorf("%d nodes, %d replicas: %d", c.nodes, c.replicas, got)
		}
	}
}
