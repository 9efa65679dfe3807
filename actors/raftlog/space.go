package raftlog

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Space is the free disk space as last looked at, in bytes.
type Space struct {
	Free, MinFree int64
	Low           bool // Free < MinFree: writes are to be refused
}

const ballastName = "ballast"

// criticalPart of MinFree is where the ballast is given up: elections and configurations need the rest.
const criticalPart = 4

// space watches the disk of the log. look is called by one goroutine at a time.
type space struct {
	cfg    *Config
	path   string
	now    atomic.Pointer[Space]
	failed bool // to look; said once

	claimed atomic.Int64 // bytes of files that are being written
	making  sync.WaitGroup
	ballast atomic.Int32
}

const (
	ballastAbsent int32 = iota
	ballastMaking
	ballastPresent
)

func newSpace(cfg *Config) *space {
	s := &space{cfg: cfg, path: cfg.FS.PathJoin(cfg.Dir, ballastName)}
	s.now.Store(&Space{MinFree: cfg.MinFree})
	if info, err := cfg.FS.Stat(s.path); err == nil && info.Size() >= cfg.Ballast {
		s.ballast.Store(ballastPresent)
	}
	return s
}

// Space returns what the last CheckSpace saw. Any goroutine.
func (l *Log) Space() Space { return *l.space.now.Load() }

// claimPart of MinFree is what files that are claimed may not touch.
const claimPart = 2

// Claim sets bytes of the disk aside for a file that is to be written, and returns what gives them back, to be
// called once. It refuses where less than half of MinFree would be left: a snapshot, which lets the log
// shrink, may take from the reserve, but not fill the disk. Any goroutine.
func (l *Log) Claim(bytes int64) (release func(), ok bool) {
	s, now := l.space, l.Space()
	if all := s.claimed.Add(bytes); now.Free-all < now.MinFree/claimPart {
		s.claimed.Add(-bytes)
		return nil, false
	}
	return func() { s.claimed.Add(-bytes) }, true
}

func (s *space) free() (int64, error) {
	if s.cfg.FreeSpace != nil {
		return s.cfg.FreeSpace()
	}
	u, err := s.cfg.FS.GetDiskUsage(s.cfg.Dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return 1 << 62, nil
	}
	return int64(min(u.AvailBytes, 1<<62)), err
}

func (s *space) look() {
	free, err := s.free()
	if err != nil {
		if !s.failed {
			s.cfg.Logger.Warn("free disk space is unknown", "dir", s.cfg.Dir, "err", err)
		}
		s.failed = true
		return
	}
	s.failed = false
	now := &Space{Free: free, MinFree: s.cfg.MinFree, Low: free < s.cfg.MinFree}
	if was := s.now.Swap(now); was.Low != now.Low {
		s.cfg.Logger.Warn("disk space", "low", now.Low, "free", free, "min_free", s.cfg.MinFree)
	}
	s.balance(free)
}

func (s *space) balance(free int64) {
	switch {
	case s.cfg.Ballast <= 0:
	case free < s.cfg.MinFree/criticalPart:
		if s.ballast.CompareAndSwap(ballastPresent, ballastAbsent) {
			err := s.cfg.FS.Remove(s.path)
			s.cfg.Logger.Warn("disk nearly full: ballast given up", "bytes", s.cfg.Ballast, "err", err)
		}
	case free >= s.cfg.MinFree+2*s.cfg.Ballast:
		if s.ballast.CompareAndSwap(ballastAbsent, ballastMaking) {
			s.making.Go(s.makeBallast)
		}
	}
}

// makeBallast runs beside the actor, for it may take long where the file system can't reserve.
func (s *space) makeBallast() {
	if err := s.writeBallast(); err != nil {
		s.cfg.Logger.Warn("no ballast", "err", err)
		_ = s.cfg.FS.Remove(s.path) // it may not even exist
		s.ballast.Store(ballastAbsent)
		return
	}
	s.ballast.Store(ballastPresent)
}

func (s *space) writeBallast() error {
	f, err := s.cfg.FS.OpenReadWrite(s.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if f.Preallocate(0, s.cfg.Ballast) == nil {
		_, err = f.WriteAt([]byte{0}, s.cfg.Ballast-1) // the size, which Preallocate leaves
	} else {
		err = fill(f, s.cfg.Ballast)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// fill writes noise, which no file system can compress away.
func fill(f vfs.File, size int64) error {
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for off := int64(0); off < size; off += int64(len(noise)) {
		if _, err := f.WriteAt(noise[:min(int64(len(noise)), size-off)], off); err != nil {
			return err
		}
	}
	return nil
}
