package gossip

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

func fullNode() Node {
	const longest = "[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:65535"
	n := Node{
		Client: longest, Peer: longest, HTTP: longest, Gossip: longest,
		Name: strings.Repeat("n", maxLabel), Zone: strings.Repeat("z", maxLabel),
		LowSpace: true, Leaving: true, Gateway: true, gone: true, Recovering: true, WrongClock: true,
		Digest: 1<<64 - 1, Boot: 1<<62 + 1,
	}
	for i := range n.ID {
		n.ID[i] = byte(200 + i)
	}
	for i := range n.Cluster {
		n.Cluster[i] = byte(100 + i)
	}
	return n
}

func TestNodeRoundTrip(t *testing.T) {
	for _, n := range []Node{fullNode(), {ID: slotmap.NodeID{1}}, {ID: slotmap.NodeID{2}, Client: "127.0.0.1:6379", LowSpace: true, Boot: -1},
		{ID: slotmap.NodeID{3}, WrongClock: true}} {
		b := appendNode(nil, n)
		if len(b) > maxMeta {
			t.Errorf("%d bytes do not fit the metadata", len(b))
		}
		got, err := decodeNode(b)
		if err != nil || got != n {
			t.Errorf("got %+v, %v\nwant %+v", got, err, n)
		}
	}
}

func TestNodeIsMadeSafe(t *testing.T) {
	n := Node{ID: slotmap.NodeID{1}, Name: "a b\r\nc" + strings.Repeat("ä", 90), Client: "evil\r\n"}
	got, err := decodeNode(appendNode(nil, n))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Name, "a_b__cä") || len(got.Name) > maxLabel || got.Client != "" {
		t.Errorf("got %+v", got)
	}
}

// TestNodeOfLaterVersion: what a later version appends is skipped.
func TestNodeOfLaterVersion(t *testing.T) {
	want := fullNode()
	b := appendNode(nil, want)
	b = append(pack.AppendArray(nil, nodeFields+2), b[1:]...)
	b = pack.AppendString(pack.AppendUint(b, 7), "later")
	if got, err := decodeNode(b); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadNodes(t *testing.T) {
	good := appendNode(nil, fullNode())
	bad := map[string][]byte{
		"empty":     nil,
		"too long":  append(bytes.Clone(good), make([]byte, maxMeta)...),
		"no id":     appendNode(nil, Node{}),
		"truncated": good[:len(good)-1],
		"version 0": append([]byte{good[0], 0}, good[2:]...),
	}
	for name, b := range bad {
		if n, err := decodeNode(b); err == nil {
			t.Errorf("%s: accepted as %+v", name, n)
		}
	}
}

func TestDirectoryRoundTrip(t *testing.T) {
	nodes := []Node{fullNode(), {ID: slotmap.NodeID{1}, Gossip: "10.0.0.1:7946"}}
	got, err := DecodeDirectory(EncodeDirectory(nodes))
	if err != nil || !reflect.DeepEqual(got, nodes) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := DecodeDirectory(EncodeDirectory(nil)); err != nil || len(got) != 0 {
		t.Errorf("empty: got %v, %v", got, err)
	}
	b := EncodeDirectory(make([]Node, maxNodes+5))
	if r := pack.NewReader(b); r.ArrayLen(1<<20) != maxNodes {
		t.Error("directory is not bounded")
	}
}

// TestPartsFitMessages: however large a shard is, each of its parts fits.
func TestPartsFitMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var runs []slotmap.Run
		step := rapid.IntRange(2, 64).Draw(t, "step")
		epoch := rapid.Uint64().Draw(t, "epoch")
		for first := 0; first < slotmap.Count; first += step {
			s := uint16(first)
			runs = append(runs, slotmap.Run{Range: slotmap.Range{First: s, Last: s}, Shard: 9, Epoch: epoch/2 + uint64(first)})
		}
		shard := slotmap.Shard{ID: 9, Index: epoch, Term: epoch}
		for i := range rapid.IntRange(0, 32).Draw(t, "members") {
			shard.Members = append(shard.Members, slotmap.Member{Replica: epoch/2 + uint64(i), Node: slotmap.NodeID{byte(i + 1)}})
		}
		d := slotmap.Delta{Shard: shard, Runs: runs}
		for i, p := range d.Split(maxMessage - deltaHead) {
			m := deltaMessage{cluster: clusterX, part: uint64(i), delta: p}
			b := m.append(nil)
			if len(b) > maxMessage {
				t.Fatalf("part %d takes %d bytes", i, len(b))
			}
			back, err := decodeMessage(b)
			if err != nil || !bytes.Equal(back.(deltaMessage).append(nil), b) {
				t.Fatalf("part %d: %v", i, err)
			}
		}
	})
}

func TestNoticeRoundTrip(t *testing.T) {
	m := noticeMessage{cluster: clusterX, from: "10.0.0.1:1", to: "10.0.0.2:1"}
	b := m.append(nil)
	got, err := decodeMessage(b)
	if err != nil || got != m || isDelta(b) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzNode(f *testing.F) {
	f.Add(appendNode(nil, fullNode()))
	f.Add(appendNode(nil, Node{ID: slotmap.NodeID{1}}))
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := decodeNode(b)
		if err != nil {
			return
		}
		if again, err := decodeNode(appendNode(nil, n)); err != nil || again != n {
			t.Errorf("%+v came back as %+v, %v", n, again, err)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add(noticeMessage{cluster: clusterX, from: "10.0.0.1:1", to: "10.0.0.2:1"}.append(nil))
	f.Add(deltaMessage{cluster: clusterX, delta: testMap(3).Delta(2)}.append(nil))
	f.Add([]byte{0x94, kindDelta, 0xc6, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		isDelta(b)
		m, err := decodeMessage(b)
		if err != nil {
			return
		}
		if d, ok := m.(deltaMessage); ok {
			testMap(3).Apply(d.delta)
		}
	})
}

func FuzzState(f *testing.F) {
	f.Add(appendState(nil, fullNode(), testMap(3)))
	f.Add(appendState(nil, fullNode(), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, body, err := splitState(b); err == nil {
			slotmap.DecodeMap(body)
		}
	})
}

func FuzzDirectory(f *testing.F) {
	f.Add(EncodeDirectory([]Node{fullNode(), {ID: slotmap.NodeID{1}}}))
	f.Fuzz(func(t *testing.T, b []byte) { DecodeDirectory(b) })
}

// testMap is a map of n shards on one node.
func testMap(n int) *slotmap.Map {
	var shards []slotmap.Shard
	for i := range n {
		shards = append(shards, slotmap.Shard{
			ID: slotmap.ShardID(i + 1), Index: 1, Term: 1, Leader: 1,
			Members: []slotmap.Member{{Replica: 1, Node: slotmap.NodeID{7}}},
		})
	}
	return slotmap.New(slotmap.Even(n), shards)
}
