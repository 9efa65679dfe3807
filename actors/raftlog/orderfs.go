package raftlog

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS syncs the directory before Pebble creates the file whose name says which manifest is in force.
// Pebble syncs the manifest's content before, but its directory entry only together with that file: a disk
// that keeps one entry and loses the other would leave a store that can't be opened.
type orderedFS struct{ vfs.FS }

const manifestMarker = "marker.manifest."

func (fs orderedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(fs.PathBase(name), manifestMarker) {
		if err := syncDir(fs.FS, fs.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return fs.FS.Create(name, c)
}

// Unwrap lets Pebble find what it wants to know of the file system below.
func (fs orderedFS) Unwrap() vfs.FS { return fs.FS }
