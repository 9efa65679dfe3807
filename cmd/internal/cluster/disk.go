package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/troupedb/troupe/cmd/internal/faultdisk"
)

// backing is what a disk that can be made bad shows as the data directory.
func (n *Node) backing() string { return filepath.Join(n.Dir, "disk") }

// makeDisk gives the node an empty data directory.
func (n *Node) makeDisk() error {
	if err := os.MkdirAll(n.DataDir(), 0o755); err != nil || !n.cluster.opts.Disks {
		return err
	}
	if err := os.MkdirAll(n.backing(), 0o755); err != nil {
		return err
	}
	return onSpawner(func() (err error) {
		if err = hideMounts(); err == nil {
			n.mu.disk, err = faultdisk.Mount(n.backing(), n.DataDir())
		}
		return err
	})
}

// dropDisk ends the disk of a node that does not run. Its data stays.
func (n *Node) dropDisk() error {
	if n.mu.disk == nil {
		return nil
	}
	err := onSpawner(n.mu.disk.Unmount)
	n.mu.disk = nil
	return err
}

// Disk is the node's disk, to be made bad. It needs Options.Disks.
func (n *Node) Disk() (*faultdisk.Disk, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mu.disk == nil {
		return nil, fmt.Errorf("%s has no disk of its own", n.Name)
	}
	return n.mu.disk, nil
}

// Wipe deletes the data of an ended node: it lost its disk, and has a new one.
func (n *Node) Wipe() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mu.run != nil && n.mu.run.alive() {
		return fmt.Errorf("%s runs: its data cannot be wiped", n.Name)
	}
	if err := n.dropDisk(); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(n.DataDir()), os.RemoveAll(n.backing()), n.makeDisk())
}
