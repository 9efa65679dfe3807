package raftlog

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestSpace(t *testing.T) {
	fs := vfs.NewMem()
	cfg := config(t, fs)
	var free atomic.Int64
	var fail atomic.Bool
	cfg.MinFree, cfg.Ballast = 1000, 4096
	cfg.FreeSpace = func() (int64, error) {
		if fail.Load() {
			return 0, errors.New("no statfs today")
		}
		return free.Load(), nil
	}
	ballast := func() bool { _, err := fs.Stat("data/log/" + ballastName); return err == nil }
	free.Store(1 << 40)
	l := mustOpen(t, cfg)
	sys := newSystem()
	pid := spawn(sys, l, func(r any) { t.Errorf("fatal %v", r) })
	look := func(want Space, wantBallast bool) {
		t.Helper()
		sys.Root.Send(pid, CheckSpace{})
		eventually(t, func() bool { return l.Space() == want && ballast() == wantBallast })
	}
	look(Space{1 << 40, 1000, false}, true)
	for _, c := range []struct {
		free    int64
		low     bool
		ballast bool
	}{
		{1000, false, true},
		{999, true, true},
		{250, true, true},
		{249, true, false},   // critical: the ballast goes
		{4345, false, false}, // 4096 came back, and more
		{1000 + 2*4096 - 1, false, false},
		{1000 + 2*4096, false, true},
		{10, true, false},
	} {
		free.Store(c.free)
		look(Space{c.free, 1000, c.low}, c.ballast)
	}
	fail.Store(true)
	look(Space{10, 1000, true}, false) // unknown: what was known stays
	stop(t, sys, pid)
	mustClose(t, l)
}

func TestBallastIsKeptAndMakesRoomForOpening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	free := int64(1 << 40)
	cfg := Config{
		Dir: dir, MinFree: 1000, Ballast: 3 << 20, Fatal: func(err error) { t.Error(err) },
		FreeSpace: func() (int64, error) { return free, nil },
	}
	size := func() int64 {
		info, err := vfs.Default.Stat(filepath.Join(dir, ballastName))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	mustClose(t, mustOpen(t, cfg))
	if size() != cfg.Ballast {
		t.Fatalf("ballast of %d bytes", size())
	}
	free = 2000
	mustClose(t, mustOpen(t, cfg))
	if size() != cfg.Ballast {
		t.Fatal("ballast is gone with room enough")
	}
	free = 0
	l := mustOpen(t, cfg)
	if size() != 0 || !l.Space().Low {
		t.Fatal("a full disk, and the ballast stays")
	}
	mustClose(t, l)
}

func TestRealFreeSpace(t *testing.T) {
	l := mustOpen(t, Config{Dir: t.TempDir(), MinFree: 1, Fatal: func(err error) { t.Error(err) }})
	defer mustClose(t, l)
	if s := l.Space(); s.Free <= 0 || s.Low {
		t.Fatalf("%+v", s)
	}
}

func TestFillWritesTheWholeBallast(t *testing.T) {
	fs := vfs.NewMem()
	f, err := fs.Create("b", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(f, 2<<20+17); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 2<<20+17 {
		t.Fatal(info.Size(), err)
	}
}

func TestClaim(t *testing.T) {
	free := int64(3000)
	l := mustOpen(t, Config{
		Dir: t.TempDir(), MinFree: 1000, Fatal: func(err error) { t.Error(err) },
		FreeSpace: func() (int64, error) { return free, nil },
	})
	defer mustClose(t, l)
	first, ok := l.Claim(1500)
	if !ok {
		t.Fatal("1500 of 3000 bytes refused")
	}
	if _, ok := l.Claim(1001); ok {
		t.Fatal("less than half of the reserve would be left")
	}
	if _, ok := l.Claim(1000); !ok {
		t.Fatal("half of the reserve would be left")
	}
	first()
	if _, ok := l.Claim(1500); !ok {
		t.Fatal("what was given back is not there")
	}
}
