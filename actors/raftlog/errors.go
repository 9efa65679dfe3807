package raftlog

import (
	"errors"
	"fmt"
)

var (
	// ErrLocked says that another process has the directory open.
	ErrLocked = errors.New("data directory is in use")
	// ErrCorrupt says that durable data is damaged or missing.
	ErrCorrupt = errors.New("durable log is corrupt")
	// ErrExists refuses a Create where a replica of the shard lives, or one of its id.
	ErrExists = errors.New("shard has a replica on this node")
	// ErrBuried refuses a Create for a replica id that was buried.
	ErrBuried = errors.New("replica id was removed")
)

const advice = "the node must be rebuilt from its peers: remove the data directory and start it again with --join"

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w; %s", ErrCorrupt, fmt.Errorf(format, args...), advice)
}
