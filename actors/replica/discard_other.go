//go:build !unix

package replica

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func truncate(vfs.File, int64) error { return errors.ErrUnsupported }
