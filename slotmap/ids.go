package slotmap

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// ShardID names a shard. Ids count from 1; 0 means none.
type ShardID uint32

// NodeID names a node for the whole life of its data directory.
type NodeID [20]byte

// ClusterID tells one cluster from another; zero means "of no cluster yet".
type ClusterID [16]byte

// String returns 40 lower-case hex digits.
func (id NodeID) String() string { return hex.EncodeToString(id[:]) }

// IsZero tells whether id names no node.
func (id NodeID) IsZero() bool { return id == NodeID{} }

// Compare orders ids bytewise.
func (id NodeID) Compare(o NodeID) int { return bytes.Compare(id[:], o[:]) }

// MarshalText returns the form of String, for JSON and logs.
func (id NodeID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// ParseNodeID reads 40 hex digits of either case.
func ParseNodeID(s string) (NodeID, error) {
	var id NodeID
	err := parseHex(id[:], s, "node id")
	return id, err
}

// String returns 32 lower-case hex digits.
func (id ClusterID) String() string { return hex.EncodeToString(id[:]) }

// IsZero tells whether id stands for "of no cluster yet".
func (id ClusterID) IsZero() bool { return id == ClusterID{} }

// MarshalText returns the form of String, for JSON and logs.
func (id ClusterID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// ParseClusterID reads 32 hex digits of either case.
func ParseClusterID(s string) (ClusterID, error) {
	var id ClusterID
	err := parseHex(id[:], s, "cluster id")
	return id, err
}

// parseHex fills dst, or leaves it untouched and says what is wrong.
func parseHex(dst []byte, s, what string) error {
	if len(s) != hex.EncodedLen(len(dst)) {
		return fmt.Errorf("%s: %d characters where %d hex digits belong: %w", what, len(s), hex.EncodedLen(len(dst)), ErrInvalid)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("%s: %v: %w", what, err, ErrInvalid)
	}
	copy(dst, b)
	return nil
}
