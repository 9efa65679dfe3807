package raftlog

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Mode says when acknowledged entries reach the disk.
type Mode uint8

const (
	// Always syncs before the acknowledgement.
	Always Mode = iota
	// Interval syncs every Config.SyncEvery.
	Interval
	// Never leaves it to the operating system.
	Never
)

// ParseMode reads the value of --fsync.
func ParseMode(s string) (Mode, error) {
	for m, name := range modeNames {
		if s == name {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("fsync mode %q is none of always, interval, never", s)
}

var modeNames = [...]string{Always: "always", Interval: "interval", Never: "never"}

func (m Mode) String() string { return modeNames[m] }

// Config is what Open needs. Dir and Fatal are required.
type Config struct {
	Dir       string
	FS        vfs.FS // nil: the operating system's
	Store     Store  // nil: segments, in Dir. Closed by Close
	Fsync     Mode
	SyncEvery time.Duration // of Interval; 0: one second
	MinFree   int64         // bytes; below it Space says Low
	Ballast   int64         // bytes; 0: none
	// After calls back once, on any goroutine. An fsync may then be put off for the appends of other shards, for about
	// as long as an fsync takes, and no longer than 5 ms and what the timer is late; nil: none is.
	After func(time.Duration, func())
	Now   func() time.Time // nil: time.Now
	// Fatal ends the process: a write was lost, or the disk lies. It is called from any goroutine, once, and
	// must not return except in tests.
	Fatal     func(error)
	Logger    *slog.Logger          // nil: none
	FreeSpace func() (int64, error) // nil: asks FS

	segmentSize int64 // of tests that want many; 0: segment's own
	fullBytes   int   // of a batch that is flushed before its turn ends; 0: defaultFull
}

func (c *Config) check() error {
	if c.Dir == "" || c.Fatal == nil {
		return errors.New("raftlog: Dir and Fatal are required")
	}
	if c.Fsync > Never {
		return fmt.Errorf("raftlog: fsync mode %d", c.Fsync)
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.SyncEvery <= 0 {
		c.SyncEvery = time.Second
	}
	if c.fullBytes == 0 {
		c.fullBytes = defaultFull
	}
	return nil
}
