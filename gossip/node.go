package gossip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Node is what a node tells all others about itself.
type Node struct {
	ID      slotmap.NodeID
	Cluster slotmap.ClusterID // zero: of no cluster yet, "empty"

	// Addresses as ip:port, empty where the node offers no such service.
	Client, Peer, HTTP, Gossip string

	Name, Zone string // labels; clipped to 64 bytes

	LowSpace bool // below its free-space mark: no writable copy
	Leaving  bool // about to go: place nothing here
	Gateway  bool // holds no data and never will

	// WrongClock is set while the node's wall clock is far from those of most
	// others: lead nothing here.
	WrongClock bool

	// Recovering is set from a start with data until all of it is loaded: lead
	// nothing here.
	Recovering bool

	// Digest of the ownership map the node has; filled in by this package.
	Digest uint64

	// Boot is when the process started, in Unix milliseconds. Of two ids
	// that claim one address the later one lives there. Filled in by Start.
	Boot int64

	// gone is set in the last words of a node that takes its leave, so that
	// its departure is not taken for a death.
	gone bool
}

const (
	nodeVersion = 1
	nodeFields  = 12
	maxFields   = 64 // room for later versions to add some
	maxLabel    = 64 // bytes of a name, zone or address
	maxMeta     = 512
)

// Flag bits on the wire: only append to this list.
const (
	flagLowSpace = 1 << iota
	flagLeaving
	flagGateway
	flagGone
	flagRecovering
	flagWrongClock
)

var errNode = errors.New("gossip: bad node metadata")

// appendNode appends n as msgpack; at most 512 bytes.
func appendNode(dst []byte, n Node) []byte {
	dst = pack.AppendArray(dst, nodeFields)
	dst = pack.AppendUint(dst, nodeVersion)
	dst = pack.AppendBytes(dst, n.ID[:])
	dst = pack.AppendBytes(dst, n.Cluster[:])
	for _, addr := range [...]string{n.Client, n.Peer, n.HTTP, n.Gossip} {
		if !validAddr(addr) {
			addr = ""
		}
		dst = pack.AppendString(dst, addr)
	}
	dst = pack.AppendString(dst, cleanLabel(n.Name))
	dst = pack.AppendString(dst, cleanLabel(n.Zone))
	dst = pack.AppendUint(dst, n.flags())
	dst = pack.AppendUint(dst, n.Digest)
	return pack.AppendInt(dst, n.Boot)
}

// decodeNode reads what another node said. The result shares no memory with b.
func decodeNode(b []byte) (Node, error) {
	if len(b) > maxMeta {
		return Node{}, fmt.Errorf("%w: %d bytes", errNode, len(b))
	}
	r := pack.NewReader(b)
	fields := r.ArrayLen(maxFields)
	if fields < nodeFields || r.Uint() < nodeVersion {
		return Node{}, fmt.Errorf("%w: no known version", errNode)
	}
	var n Node
	readID(r, n.ID[:])
	readID(r, n.Cluster[:])
	for _, addr := range [...]*string{&n.Client, &n.Peer, &n.HTTP, &n.Gossip} {
		*addr = readAddr(r)
	}
	n.Name, n.Zone = cleanLabel(r.String(maxLabel)), cleanLabel(r.String(maxLabel))
	n.setFlags(r.Uint())
	n.Digest, n.Boot = r.Uint(), r.Int()
	if n.ID.IsZero() {
		r.Fail(errNode)
	}
	if err := r.Err(); err != nil {
		return Node{}, fmt.Errorf("%w: %v", errNode, err)
	}
	return n, nil
}

func (n Node) flags() (f uint64) {
	for i, set := range [...]bool{n.LowSpace, n.Leaving, n.Gateway, n.gone, n.Recovering, n.WrongClock} {
		if set {
			f |= 1 << i
		}
	}
	return f
}

func (n *Node) setFlags(f uint64) {
	n.LowSpace, n.Leaving = f&flagLowSpace != 0, f&flagLeaving != 0
	n.Gateway, n.gone = f&flagGateway != 0, f&flagGone != 0
	n.Recovering, n.WrongClock = f&flagRecovering != 0, f&flagWrongClock != 0
}

// readID fills dst, which gives the length that the value must have.
func readID(r *pack.Reader, dst []byte) {
	b := r.Bytes(len(dst))
	if len(b) != len(dst) {
		r.Fail(errNode)
		return
	}
	copy(dst, b)
}

func readAddr(r *pack.Reader) string {
	s := r.String(maxLabel)
	if !validAddr(s) {
		r.Fail(errNode)
		return ""
	}
	return s
}

// validAddr accepts nothing or a plain ip:port: such strings reach clients and
// logs unchanged.
func validAddr(s string) bool {
	if s == "" {
		return true
	}
	a, err := netip.ParseAddrPort(s)
	return err == nil && len(s) <= maxLabel && a.Addr().Zone() == ""
}

// cleanLabel makes a label safe for one-line texts and clips it.
func cleanLabel(s string) string {
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	s = strings.ToValidUTF8(s, "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, s)
}
