package gossip

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// TestReturnSameAddress: a node that died is dialled until it is back, even
// though it knows nobody.
func TestReturnSameAddress(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 3, clusterX)
	died(t, ms[1], ms[0], ms[2])
	isKnown := func() bool {
		return slices.ContainsFunc(ms[0].Known(), func(n Node) bool { return n.ID == ms[1].id })
	}
	ms[0].Forget(ms[2].id)
	if len(ms[0].Known()) != 2 || !isKnown() {
		t.Errorf("known %v", ms[0].Known())
	}
	ms[0].Forget(ms[1].id)
	if isKnown() {
		t.Error("not forgotten")
	}
	back := start(t, options{addr: ms[1].Addr(), cluster: clusterX})
	converged(t, ms[0], back, ms[2])
}

// TestReturnNewPort: a node comes back with its id under another port while
// the others still believe in the old one.
func TestReturnNewPort(t *testing.T) {
	t.Parallel()
	ms := []*member{start(t, options{id: 1, cluster: clusterX})}
	for id := byte(2); id <= 5; id++ {
		ms = append(ms, start(t, options{id: id, cluster: clusterX, join: []string{ms[0].Addr()}}))
	}
	converged(t, ms...)
	ms[2].Close()
	ms[2] = start(t, options{id: 3, cluster: clusterX, join: []string{ms[0].Addr()}})
	movedTo(t, ms[2], ms...)
}

// TestAllReturnNewPorts: the whole cluster is restarted on other ports; only
// one address of it is known.
func TestAllReturnNewPorts(t *testing.T) {
	t.Parallel()
	ms := []*member{start(t, options{id: 1, cluster: clusterX})}
	for id := byte(2); id <= 3; id++ {
		ms = append(ms, start(t, options{id: id, cluster: clusterX, join: []string{ms[0].Addr()}}))
	}
	converged(t, ms...)
	known := ms[1].Known()
	for i, m := range ms {
		m.Close()
		ms[i] = start(t, options{id: byte(i + 1), cluster: clusterX, peers: known, addr: sameIfFirst(t, i, m)})
	}
	converged(t, ms...)
}

func sameIfFirst(t *testing.T, i int, m *member) string {
	if i == 0 {
		return m.Addr()
	}
	return freeAddr(t)
}

// TestReturnByRemembered: restarted nodes find each other with no join list.
func TestReturnByRemembered(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 3, clusterX)
	var kept [][]byte
	for _, m := range ms {
		eventually(t, "two known", func() bool { return len(m.Known()) == 2 })
		kept = append(kept, EncodeDirectory(m.Known()))
	}
	for _, m := range ms {
		m.Close()
	}
	for i, m := range ms {
		peers, err := DecodeDirectory(kept[i])
		if err != nil {
			t.Fatal(err)
		}
		ms[i] = start(t, options{addr: m.Addr(), cluster: clusterX, peers: peers})
	}
	converged(t, ms...)
}

// TestLeaveAndReturn: after a graceful leave the id may come back elsewhere
// at once.
func TestLeaveAndReturn(t *testing.T) {
	t.Parallel()
	ms := []*member{start(t, options{id: 1, cluster: clusterX})}
	for id := byte(2); id <= 3; id++ {
		ms = append(ms, start(t, options{id: id, cluster: clusterX, join: []string{ms[0].Addr()}}))
	}
	converged(t, ms...)
	if err := ms[2].Leave(context30(t)); err != nil {
		t.Fatal(err)
	}
	ms[2].Close()
	ms[2] = start(t, options{id: 3, cluster: clusterX, join: []string{ms[0].Addr()}})
	movedTo(t, ms[2], ms...)
}

// died closes m and waits until the others noticed.
func died(t *testing.T, m *member, others ...*member) {
	t.Helper()
	m.Close()
	for _, o := range others {
		eventually(t, "a death", func() bool { return !slices.Contains(idsOf(o.Nodes()), m.id) })
	}
}

// movedTo waits until all see m at its address and stay so.
func movedTo(t *testing.T, m *member, ms ...*member) {
	t.Helper()
	eventually(t, "the new address everywhere", func() bool {
		for _, o := range ms {
			nodes := o.Nodes()
			i := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == m.id })
			if i < 0 || nodes[i].Gossip != m.Addr() {
				return false
			}
		}
		return true
	})
	converged(t, ms...)
}

func idsOf(nodes []Node) (out []slotmap.NodeID) {
	for _, n := range nodes {
		out = append(out, n.ID)
	}
	return out
}
