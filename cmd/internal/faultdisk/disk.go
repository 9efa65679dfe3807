package faultdisk

import (
	"errors"
	"sync"
	"time"
)

// ErrUnavailable is returned by Mount where there can be no such disk.
var ErrUnavailable = errors.New("disk faults need Linux, root and /dev/fuse")

// faults is the state of a disk.
type faults struct {
	mu     sync.Mutex
	slow   time.Duration // each sync takes so much longer
	full   bool          // only room bytes can be written
	room   int64
	broken bool // syncs fail
	failed int  // syncs since then
}

// Slow makes each sync take so much longer; 0 ends that.
func (f *faults) Slow(by time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = by
}

// Fill leaves room for so many bytes.
func (f *faults) Fill(room int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full, f.room = true, room
}

// Free ends Fill.
func (f *faults) Free() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = false
}

// Break makes syncs fail, or no more.
func (f *faults) Break(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken = yes; yes {
		f.failed = 0
	}
}

// FailedSyncs is how many syncs failed since the disk was last broken.
func (f *faults) FailedSyncs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// take takes room for n bytes, and reports whether there was enough.
func (f *faults) take(n int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.full {
		return true
	}
	if f.room < n {
		return false
	}
	f.room -= n
	return true
}

// give gives room back.
func (f *faults) give(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room += n
}

// left is the room on a full disk.
func (f *faults) left() (room int64, full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.room, f.full
}

// sync tells how much longer a sync takes, and whether it fails.
func (f *faults) sync() (longer time.Duration, fails bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		f.failed++
	}
	return f.slow, f.broken
}
