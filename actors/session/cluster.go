package session

import (
	"crypto/sha1"
	"encoding/hex"
	"net"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

func clusterMyID(s *session, _ [][]byte) { s.seg.local.BulkString(s.routes.Self.ID.String()) }

// clusterMyShardID answers a constant of the node: every node is a master of its own for the clients
// that ask.
func clusterMyShardID(s *session, _ [][]byte) {
	id := s.routes.Self.ID
	sum := sha1.Sum(append([]byte("shard of node "), id[:]...))
	s.seg.local.BulkString(hex.EncodeToString(sum[:]))
}

func clusterKeySlot(s *session, args [][]byte) { s.seg.local.Int(int64(slotmap.Slot(args[2]))) }

// clusterReplicas answers none: every node is a master.
func clusterReplicas(s *session, args [][]byte) {
	id, err := slotmap.ParseNodeID(string(args[2]))
	if _, ok := s.routes.Nodes[id]; err != nil || !ok {
		s.seg.local.Error("ERR Unknown node " + string(args[2]))
		return
	}
	s.seg.local.Array(0)
}

// clusterFailureReports counts what this node itself knows: gossip tells that a node is down, and not who said so.
func clusterFailureReports(s *session, args [][]byte) {
	id, err := slotmap.ParseNodeID(string(args[2]))
	switch _, known := s.routes.Nodes[id]; {
	case err != nil || !known:
		s.seg.local.Error("ERR Unknown node " + string(args[2]))
	case s.routes.Down[id]:
		s.seg.local.Int(1)
	default:
		s.seg.local.Int(0)
	}
}

func clusterCountKeysInSlot(s *session, args [][]byte) {
	slot, err := strconv.ParseInt(string(args[2]), 10, 64)
	switch {
	case err != nil:
		s.seg.local.Error(errNotInteger)
	case slot < 0 || slot >= slotmap.Count:
		s.seg.local.Error("ERR Invalid slot")
	case !s.askSlot(uint16(slot), []byte("countkeysinslot"), args[2]):
		s.seg.local.Int(0)
	}
}

func clusterGetKeysInSlot(s *session, args [][]byte) {
	slot, err := strconv.ParseInt(string(args[2]), 10, 64)
	count, err2 := strconv.ParseInt(string(args[3]), 10, 64)
	switch {
	case err != nil || err2 != nil:
		s.seg.local.Error(errNotInteger)
	case slot < 0 || slot >= slotmap.Count || count < 0:
		s.seg.local.Error("ERR Invalid slot or number of keys")
	case !s.askSlot(uint16(slot), []byte("getkeysinslot"), args[2], args[3]):
		s.seg.local.Array(0)
	}
}

// askSlot sends an operation on a slot to its shard if that is led here, or commands are forwarded. Else this node has
// no keys of the slot as far as clients are concerned.
func (s *session) askSlot(slot uint16, op ...[]byte) bool {
	id, _ := s.routes.Map.Owner(slot)
	if !s.forwards && !leads(s.routes.Handles[id]) {
		return false
	}
	p, line := s.partFor(slot)
	if p == nil {
		s.seg.local.Error(line)
		return true
	}
	p.ops = keyspace.AppendOp(p.ops, slot, op)
	s.seg.places = append(s.seg.places, place{part: p, op: p.note(slot, false), silent: s.isSilent()})
	return true
}

// endpoint splits the address that clients reach a node at.
func endpoint(n gossip.Node) (ip string, port int) {
	ip, text, _ := net.SplitHostPort(n.Client)
	port, _ = strconv.Atoi(text)
	return ip, port
}

// master is the node that clients are shown as the master of a shard: the leader, or while none is
// known one that holds the shard and will know. It reports false when no node of the shard is up.
func (r *Routes) master(id slotmap.ShardID) (gossip.Node, bool) {
	if n, ok := r.Leader(id); ok {
		return n, true
	}
	s, _ := r.Map.Shard(id)
	for _, m := range s.Members {
		if n, ok := r.alive(m.Node); ok && !m.Learner {
			return n, true
		}
	}
	return gossip.Node{}, false
}

// standbys are the nodes of the other voters of a shard that are up.
func (r *Routes) standbys(id slotmap.ShardID, master slotmap.NodeID) (out []gossip.Node) {
	s, _ := r.Map.Shard(id)
	for _, m := range s.Members {
		if n, ok := r.alive(m.Node); ok && !m.Learner && m.Node != master {
			out = append(out, n)
		}
	}
	return out
}

// served is a range of slots with the node shown as its master.
type served struct {
	slotmap.Range
	shard  slotmap.ShardID
	master gossip.Node
}

// served lists the slots that some node can be asked for, by slot. Neighbours of one shard are one range.
func (r *Routes) served() (out []served) {
	for _, run := range r.Map.Runs() {
		n, ok := r.master(run.Shard)
		if !ok {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].shard == run.Shard && out[last].Last+1 == run.First {
			out[last].Last = run.Last
			continue
		}
		out = append(out, served{run.Range, run.Shard, n})
	}
	return out
}

func clusterSlots(s *session, _ [][]byte) {
	ranges := s.routes.served()
	w := &s.seg.local
	w.Array(len(ranges))
	for _, r := range ranges {
		standbys := s.routes.standbys(r.shard, r.master.ID)
		w.Array(3 + len(standbys))
		w.Int(int64(r.First))
		w.Int(int64(r.Last))
		s.writeSlotNode(r.master)
		for _, n := range standbys {
			s.writeSlotNode(n)
		}
	}
}

func (s *session) writeSlotNode(n gossip.Node) {
	w := &s.seg.local
	ip, port := endpoint(n)
	w.Array(4)
	w.BulkString(ip)
	w.Int(int64(port))
	w.BulkString(n.ID.String())
	w.Map(0)
}

// clusterNodes shows every serving node as a master with the slots that it leads.
func clusterNodes(s *session, _ [][]byte) {
	slots := map[slotmap.NodeID][]string{}
	for _, r := range s.routes.served() {
		slots[r.master.ID] = append(slots[r.master.ID], r.text())
	}
	var b strings.Builder
	for _, n := range s.routes.nodesByID() {
		if n.Client == "" || n.Gateway {
			continue
		}
		b.WriteString(s.describeNode(n))
		for _, r := range slots[n.ID] {
			b.WriteString(" " + r)
		}
		b.WriteByte('\n')
	}
	s.seg.local.Verbatim("txt", b.String())
}

// describeNode is a line of CLUSTER NODES without the slots.
func (s *session) describeNode(n gossip.Node) string {
	flags, link, pong := "master", "connected", s.srv.now.Load()
	switch {
	case n.ID == s.routes.Self.ID:
		flags, pong = "myself,master", 0
	case s.routes.Down[n.ID]:
		flags, link, pong = "master,fail", "disconnected", 0
	}
	_, bus, _ := net.SplitHostPort(n.Peer)
	if bus == "" {
		bus = "0"
	}
	return strings.Join([]string{
		n.ID.String(), clientAddr(n) + "@" + bus, flags, "-", "0", strconv.FormatInt(pong, 10),
		strconv.FormatUint(s.routes.epochOf(n.ID), 10), link,
	}, " ")
}

// epochOf is the highest epoch of the slots that a node leads.
func (r *Routes) epochOf(id slotmap.NodeID) (epoch uint64) {
	for _, run := range r.Map.Runs() {
		if n, ok := r.Leader(run.Shard); ok && n.ID == id {
			epoch = max(epoch, run.Epoch)
		}
	}
	return epoch
}

func (r served) text() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return strconv.Itoa(int(r.First)) + "-" + strconv.Itoa(int(r.Last))
}
