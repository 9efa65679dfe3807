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

// Advice says what to do about durable data that is damaged.
const Advice = "the node must be rebuilt from its peers: remove the data directory and start it again with --join"

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w; %s", ErrCorrupt, fmt.Errorf(format, args...), Advice)
}

// where adds the directory to what is corrupt, since most of these errors name a shard only.
func (l *Log) where(err error) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%s: %w", l.cfg.Dir, err)
}
