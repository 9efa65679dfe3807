//go:build !linux

package direct

import "github.com/cockroachdb/pebble/v2/vfs"

// Wrap returns f: there is no O_DIRECT here.
func Wrap(f vfs.File, _ string) vfs.File { return f }

// Bypass reports false.
func Bypass(vfs.File) bool { return false }

// Unset does nothing.
func Unset(vfs.File) error { return nil }
