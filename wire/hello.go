package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Version of the protocol between nodes, raised by any change to a layout.
const Version = 5

// magic opens every connection between nodes, so that a stray client of
// another protocol is told apart before anything is decoded.
const magic = "TROUPE1\n"

// What can be wrong with a peer's hello.
var (
	ErrMagic   = errors.New("the other side is not a node")
	ErrVersion = errors.New("the other node speaks another version of the protocol")
	ErrCluster = errors.New("the other node belongs to another cluster")
)

// Hello is the first thing said on a connection: who dialled, and whom. A node that took the place of another
// at its address must not take a connection that is meant for that one: it would end the one that is meant for it.
type Hello struct {
	Version uint32
	Cluster slotmap.ClusterID
	Node    slotmap.NodeID
	To      slotmap.NodeID
	Peer    string // address at which the node can be dialled
	Bulk    bool   // the connection carries files
}

// Check tells whether a node that says own can talk to one that says h:
// ErrVersion or ErrCluster if not.
func (h Hello) Check(own Hello) error {
	switch {
	case h.Version != own.Version:
		return fmt.Errorf("version %d, here %d: %w", h.Version, own.Version, ErrVersion)
	case h.Cluster != own.Cluster:
		return fmt.Errorf("cluster %s, here %s: %w", h.Cluster, own.Cluster, ErrCluster)
	}
	return nil
}

const helloFields = 6

// WriteHello writes magic and hello in one call to w.
func WriteHello(w io.Writer, h Hello) error {
	if len(h.Peer) > MaxAddr {
		return fmt.Errorf("peer address of %d bytes: %w", len(h.Peer), ErrInvalid)
	}
	b := append([]byte(magic), make([]byte, frameHead)...)
	b = pack.AppendArray(b, helloFields)
	b = pack.AppendUint(b, uint64(h.Version))
	b = pack.AppendBytes(b, h.Cluster[:])
	b = pack.AppendBytes(b, h.Node[:])
	b = pack.AppendBytes(b, h.To[:])
	b = pack.AppendString(b, h.Peer)
	b = pack.AppendBool(b, h.Bulk)
	_, err := w.Write(closeFrame(b, len(magic)))
	return err
}

// ReadHello reads magic and hello. Frames follow on the same reader. If the
// version is not this one, the other fields are not read and the error is
// ErrVersion.
func ReadHello(r *bufio.Reader) (Hello, error) {
	var got [len(magic)]byte
	if _, err := io.ReadFull(r, got[:]); err != nil {
		return Hello{}, fmt.Errorf("hello: %w", err)
	}
	if string(got[:]) != magic {
		return Hello{}, fmt.Errorf("hello begins with %q: %w", got[:], ErrMagic)
	}
	body, err := ReadFrame(r, nil, MaxHello)
	if err != nil {
		return Hello{}, fmt.Errorf("hello: %w", noEOF(err))
	}
	return decodeHello(body)
}

func decodeHello(body []byte) (Hello, error) {
	var r pack.Reader
	r.Reset(body)
	n := r.ArrayLen(MaxHello)
	h := Hello{Version: uint32(r.UintMax(math.MaxUint32))}
	if r.Err() == nil && h.Version != Version {
		return h, fmt.Errorf("hello of version %d, here %d: %w", h.Version, Version, ErrVersion)
	}
	copy(h.Cluster[:], readExactly(&r, len(h.Cluster), "cluster id"))
	h.Node, h.To = readNodeID(&r), readNodeID(&r)
	h.Peer = r.String(MaxAddr)
	h.Bulk = r.Bool()
	if r.Err() == nil && n != helloFields {
		invalid(&r, "%d fields, want %d", n, helloFields)
	}
	if err := r.Finish(); err != nil {
		return Hello{}, fmt.Errorf("hello: %w", err)
	}
	return h, nil
}
