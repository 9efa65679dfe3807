//go:build !linux

package faultdisk

// Disk is not to be had here.
type Disk struct{ faults }

// Mount fails.
func Mount(backing, at string) (*Disk, error) { return nil, ErrUnavailable }

// Unmount does nothing.
func (d *Disk) Unmount() error { return nil }
