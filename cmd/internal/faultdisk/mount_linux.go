package faultdisk

import (
	"fmt"
	"io"
	"log"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// cacheTime is how long the kernel may remember names and sizes: nobody else changes them.
const cacheTime = time.Minute

// Disk is a mounted disk, without faults at first.
type Disk struct {
	faults
	server *fuse.Server
}

// Mount shows the directory backing at the empty directory at. The mount belongs to the mount namespace of the
// calling thread.
func Mount(backing, at string) (*Disk, error) {
	root, err := fs.NewLoopbackRoot(backing)
	if err != nil {
		return nil, err
	}
	d, keep := &Disk{}, cacheTime
	d.server, err = fs.Mount(at, &node{root.(*fs.LoopbackNode), &d.faults}, &fs.Options{
		EntryTimeout: &keep,
		AttrTimeout:  &keep,
		MountOptions: fuse.MountOptions{
			DirectMountStrict: true, FsName: backing, Name: "faultdisk",
			Logger: log.New(io.Discard, "", 0),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return d, nil
}

// Unmount ends the disk. It belongs on a thread of the mount's namespace. Files that are still open are of no
// more use.
func (d *Disk) Unmount() error { return d.server.Unmount() }
