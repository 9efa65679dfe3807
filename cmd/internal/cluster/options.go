package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/troupedb/troupe/cmd/internal/faultdisk"
	"github.com/troupedb/troupe/cmd/internal/netcut"
)

// Options says what to start. Zero fields take the defaults.
type Options struct {
	Nodes    int      // processes; default 3
	Shards   int      // Raft groups; default 6
	Replicas int      // voters a shard; default 3
	Dir      string   // where nodes live; default a new temporary directory
	Keep     bool     // leave the directory behind
	Flags    []string // added to the command of each node
	Env      []string // added to the environment of each node
	System   System   // default Troupe{}
	Network  string   // how ways between nodes can be cut: "packets", "relays", "auto"; "" for not at all
	Disks    bool     // nodes have disks that can be made bad

	OnExit func(*Node, string) // a node ended that nobody had told to; called on a goroutine of its own
}

func (o Options) withDefaults() (Options, error) {
	o.Nodes, o.Shards, o.Replicas = or(o.Nodes, 3), or(o.Shards, 6), or(o.Replicas, 3)
	if o.Nodes < 1 || o.Nodes > 32 {
		return o, fmt.Errorf("%d nodes: from 1 to 32 can be run on one machine", o.Nodes)
	}
	if o.System == nil {
		o.System = Troupe{}
	}
	return o, nil
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// CanCut returns why the ways between nodes cannot be cut on this machine, or nil.
func CanCut() error { return netcut.Available() }

// CanSpoil returns why disks cannot be made bad on this machine, or nil.
func CanSpoil() error {
	dir, err := os.MkdirTemp("", "troupe-disk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return onSpawner(func() error {
		if err := hideMounts(); err != nil {
			return err
		}
		at, backing := filepath.Join(dir, "at"), filepath.Join(dir, "backing")
		if err := errors.Join(os.Mkdir(at, 0o755), os.Mkdir(backing, 0o755)); err != nil {
			return err
		}
		d, err := faultdisk.Mount(backing, at)
		if err != nil {
			return err
		}
		return d.Unmount()
	})
}
