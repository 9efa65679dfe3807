//go:build !unix

package discard

import "github.com/cockroachdb/pebble/v2/vfs"

// shrink leaves the blocks to the file system.
func shrink(vfs.File, func()) {}
