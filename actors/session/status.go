package session

import (
	"net"
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// The lines for what a shard, or its absence, refuses. Everything but lineUnknown says: not done.
const (
	lineNotServed = "CLUSTERDOWN Hash slot not served"
	lineDown      = "CLUSTERDOWN The cluster is down"
	lineTryAgain  = "TRYAGAIN The shard has as much to do as it may queue, or its ownership is changing: not done"
	lineUnknown   = "UNKNOWN The outcome cannot be told: the write was or will be applied, or not"
	lineMisconf   = "MISCONF Too little disk space on this node, or on too many of the shard's replicas: writes are refused"
	lineUnblocked = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
	lineCancelled = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
	lineNoReplica = "NOREPLICAS Not enough good replicas to write."
)

// statusLines is the one table from the fate of a batch to what a client is told. Moved is told by
// refusal.line.
var statusLines = [...]string{
	replica.Done:     lineTryAgain,
	replica.Moved:    lineDown,
	replica.Down:     lineDown,
	replica.TryAgain: lineTryAgain,
	replica.Unknown:  lineUnknown,
	replica.Misconf:  lineMisconf,
	replica.OOM:      keyspace.NoMemory,

	replica.Waits:     lineUnknown, // is no fate
	replica.Unblocked: lineUnblocked,

	replica.NoReplicas: lineNoReplica,
}

// refusal is why a shard did not do what it was asked.
type refusal struct {
	status replica.Status
	leader slotmap.NodeID // with Moved
}

// line is the error for an operation on a slot.
func (r refusal) line(routes *Routes, slot uint16) string {
	if r.status == replica.Moved {
		if n, ok := routes.alive(r.leader); ok {
			return moved(slot, n)
		}
	}
	if int(r.status) < len(statusLines) {
		return statusLines[r.status]
	}
	return lineUnknown
}

// notOwned is the error for an operation that a shard did not carry out because its slot is another
// shard's by now.
func notOwned(routes *Routes, slot uint16, by slotmap.ShardID) string {
	id, _ := routes.Map.Owner(slot)
	switch n, ok := routes.Leader(id); {
	case id == 0:
		return lineNotServed
	case id == by:
		return lineTryAgain // the map here does not know yet
	case ok:
		return moved(slot, n)
	}
	return lineDown
}

func moved(slot uint16, to gossip.Node) string {
	return "MOVED " + strconv.Itoa(int(slot)) + " " + clientAddr(to)
}

// clientAddr is the address of a node as Redis writes it: an IPv6 address has no brackets.
func clientAddr(n gossip.Node) string {
	host, port, err := net.SplitHostPort(n.Client)
	if err != nil {
		return n.Client
	}
	return host + ":" + port
}
