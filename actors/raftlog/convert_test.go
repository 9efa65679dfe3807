package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// backward makes the log of an earlier version of one that is closed, in its place.
func backward(t *testing.T, fs vfs.FS, cfg Config) {
	t.Helper()
	path := fs.PathJoin(cfg.Dir, oldStoreDir)
	open := func() *pebble.DB {
		db, err := pebble.Open(path, &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatNewest, MemTableSize: 64 << 10, Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	if err := MakeDir(fs, path); err != nil {
		t.Fatal(err)
	}
	if err := open().Close(); err != nil { // once more, as earlier versions did: only the second log shows damage
		t.Fatal(err)
	}
	l := mustOpen(t, cfg)
	db := open()
	set := func(key, value []byte) (bool, error) { return true, db.Set(key, value, pebble.Sync) }
	if err := l.db.Scan(nil, []byte{0xff}, set); err != nil {
		t.Fatal(err)
	}
	for _, shard := range l.Shards() {
		err := l.db.Entries(uint32(shard), 0, 1<<62, func(index uint64, value []byte) (bool, error) {
			key := appendShardKey(nil, shard, oldKindEntry)
			return set(binary.BigEndian.AppendUint64(key, index), value)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Close(), l.Close(), fs.RemoveAll(fs.PathJoin(cfg.Dir, storeDir))); err != nil {
		t.Fatal(err)
	}
}

// anyLog makes a log with something of everything.
func anyLog(t *testing.T, seed uint64, cfg Config) string {
	t.Helper()
	l := mustOpen(t, cfg)
	m := &model{choose: rand.New(rand.NewPCG(seed, 3)).IntN}
	for range 150 {
		msg, _ := m.next()
		turn(l, msg)
	}
	want := dumpLog(t, l)
	mustClose(t, l)
	return want
}

func TestLogOfAnEarlierVersion(t *testing.T) {
	for seed := range uint64(5) {
		fs := vfs.NewMem()
		cfg := config(t, fs)
		want := anyLog(t, seed, cfg)
		backward(t, fs, cfg)
		for range 2 {
			l := mustOpen(t, cfg)
			if got := dumpLog(t, l); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			turn(l, &SetMeta{Key: "other", Value: []byte("x")})
			mustClose(t, l)
		}
		for _, dir := range []string{oldStoreDir, unfinished} {
			if _, err := fs.Stat(fs.PathJoin(cfg.Dir, dir)); err == nil {
				t.Errorf("%s is still there", dir)
			}
		}
	}
}

// A crash leaves the old log or the new one, whole.
func TestConversionCrashes(t *testing.T) {
	mem := vfs.NewCrashableMem()
	cfg := config(t, mem)
	want := anyLog(t, 1, cfg)
	backward(t, mem, cfg)
	c := &crasher{rng: rand.New(rand.NewPCG(1, 2)), mem: mem, every: 1}
	cfg.FS = errorfs.Wrap(mem, c)
	mustClose(t, mustOpen(t, cfg))
	if len(c.crashes) < 10 {
		t.Fatalf("%d crashes", len(c.crashes))
	}
	for i, crash := range c.crashes {
		crash.check(t, fmt.Sprint("crash ", i), cfg, []string{want})
	}
}

// What cannot be read whole is not converted, and left as it is.
func TestDamagedLogOfAnEarlierVersion(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	want := anyLog(t, 2, cfg)
	backward(t, mem, cfg)
	refused := 0
	for _, path := range files(t, mem, mem.PathJoin(cfg.Dir, oldStoreDir)) {
		for _, off := range offsets(t, mem, path, 40) {
			fs := cloneMem(t, mem)
			flip(t, fs, path, off)
			cfg.FS = fs
			l, err := Open(cfg)
			if err == nil {
				if got := dumpLog(t, l); got != want {
					t.Fatalf("%s byte %d: wrong in silence", path, off)
				}
				mustClose(t, l)
				continue
			}
			refused++
			if strings.HasSuffix(path, ".log") && !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%s byte %d: %v", path, off, err)
			}
			flip(t, fs, path, off)
			l = mustOpen(t, cfg)
			if got := dumpLog(t, l); got != want {
				t.Fatalf("%s byte %d: the attempt destroyed it", path, off)
			}
			mustClose(t, l)
		}
	}
	if refused < 40 {
		t.Fatalf("only %d refused", refused)
	}
}
