package raftlog

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/direct"
)

// orderedFS is the file system that Pebble sees. It syncs the directory before Pebble creates the file whose name says which manifest is in force.
// Pebble syncs the manifest's content before, but its directory entry only together with that file: a disk
// that keeps one entry and loses the other would leave a store that can't be opened.
//
// Tables are written past the page cache, see package direct.
//
// What makes Pebble panic on a goroutine of its own, a directory that cannot be synced or a log that cannot be made,
// is told to failed before Pebble hears of it, so that the node ends as it does when any other write fails.
type orderedFS struct {
	vfs.FS
	failed func(error)
}

const manifestMarker = "marker.manifest."

func (fs orderedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(fs.PathBase(name), manifestMarker) {
		if err := syncDir(fs.FS, fs.PathDir(name)); err != nil {
			return nil, err
		}
	}
	f, err := fs.FS.Create(name, c)
	if err == nil && strings.HasSuffix(name, tableSuffix) {
		f = direct.Wrap(f, name)
	}
	return f, fs.logMade(name, err)
}

const tableSuffix = ".sst"

// ReuseForWrite is how a log takes the file of an older one.
func (fs orderedFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(old, name, c)
	return f, fs.logMade(name, err)
}

func (fs orderedFS) logMade(name string, err error) error {
	if err != nil && strings.HasSuffix(name, ".log") {
		fs.failed(fmt.Errorf("log store: making %s: %w", fs.PathBase(name), err))
	}
	return err
}

// OpenDir opens a directory to be synced.
func (fs orderedFS) OpenDir(name string) (vfs.File, error) {
	f, err := fs.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &directory{f, name, fs.failed}, nil
}

type directory struct {
	vfs.File
	name   string
	failed func(error)
}

func (d *directory) Sync() error {
	err := d.File.Sync()
	if err != nil {
		d.failed(fmt.Errorf("log store: syncing the directory %s: %w", d.name, err))
	}
	return err
}

// Unwrap lets Pebble find what it wants to know of the file system below.
func (fs orderedFS) Unwrap() vfs.FS { return fs.FS }
