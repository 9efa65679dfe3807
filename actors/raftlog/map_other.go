//go:build !linux

package raftlog

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func mapFile(vfs.File, int, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
