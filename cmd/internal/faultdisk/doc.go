// Package faultdisk is a directory that can be made a bad disk: slow, full, or one whose syncs fail.
//
// A Disk shows one directory at another by FUSE, and carries out everything there at once, so that what was
// written outlives the process that wrote it. Only what a fault needs is ours; the rest is go-fuse's loopback
// file system. It needs Linux, root and /dev/fuse: ErrUnavailable says what is missing.
//
// Faults are in force at once and for every file. Methods may be called from any goroutine.
package faultdisk
