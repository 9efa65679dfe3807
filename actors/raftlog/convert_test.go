package raftlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/troupedb/troupe/slotmap"
)

// backward makes the log of an earlier version of one that is closed, in its place.
func backward(t *testing.T, fs vfs.FS, cfg Config) {
	t.Helper()
	values, entries := map[string][]byte{}, map[slotmap.ShardID]map[uint64][]byte{}
	l := mustOpen(t, cfg)
	err := l.db.Scan(nil, []byte{0xff}, func(key, value []byte) (bool, error) {
		values[string(key)] = bytes.Clone(value)
		return true, nil
	})
	for _, shard := range l.Shards() {
		entries[shard] = map[uint64][]byte{}
		err = errors.Join(err, l.db.Entries(uint32(shard), 0, 1<<62, func(index uint64, value []byte) (bool, error) {
			entries[shard][index] = bytes.Clone(value)
			return true, nil
		}))
	}
	if err := errors.Join(err, l.Close(), fs.RemoveAll(fs.PathJoin(cfg.Dir, storeDir))); err != nil {
		t.Fatal(err)
	}
	db := openOld(t, fs, cfg)
	for key, value := range values {
		err = errors.Join(err, db.Set([]byte(key), value, pebble.Sync))
	}
	for shard, es := range entries {
		for index, value := range es {
			key := appendShardKey(nil, shard, oldKindEntry)
			err = errors.Join(err, db.Set(binary.BigEndian.AppendUint64(key, index), value, pebble.Sync))
		}
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// openOld opens the store of an earlier version. It was opened twice, for only the second log tells damage from its end.
func openOld(t *testing.T, fs vfs.FS, cfg Config) *pebble.DB {
	t.Helper()
	path := fs.PathJoin(cfg.Dir, oldStoreDir)
	options := &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatNewest, MemTableSize: 64 << 10, Logger: quiet{}}
	first, err := pebble.Open(path, options)
	if err == nil {
		err = first.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return db
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
		for _, dir := range []string{oldStoreDir, unfinished, fs.PathJoin(storeDir, converted)} {
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

// An earlier version made its directory first, and may have come no further.
func TestEmptyStoreOfAnEarlierVersion(t *testing.T) {
	fs := vfs.NewMem()
	cfg := config(t, fs)
	if err := MakeDir(fs, fs.PathJoin(cfg.Dir, oldStoreDir)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l := mustOpen(t, cfg)
		turn(l, &SetMeta{Key: "m", Value: []byte("v")})
		mustClose(t, l)
	}
}

// Where an earlier version has gone on beside the new log, neither is thrown away. One that has not begun is none.
func TestTwoLogs(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	want := anyLog(t, 4, cfg)
	frozen := cloneMem(t, mem)
	backward(t, mem, cfg)
	store := mem.PathJoin(cfg.Dir, oldStoreDir)

	for name, text := range map[string]string{"": oldStoreDir, converted: "ends before what was synced"} {
		fs := cloneMem(t, mem)
		dir := fs.PathJoin(cfg.Dir, storeDir)
		if ok, err := vfs.Clone(frozen, fs, dir, dir, vfs.CloneSkip(func(string) bool { return false })); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if name != "" { // the conversion was killed at its end, and then the earlier version ran
			if err := createFile(fs, dir, name); err != nil {
				t.Fatal(err)
			}
			forwardMarks(t, fs, cfg)
		}
		cfg.FS = fs
		before := files(t, fs, store)
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", name, err)
		}
		if after := files(t, fs, store); !slices.Equal(before, after) {
			t.Errorf("%q: %v, and %v before", name, after, before)
		}
	}

	fs := cloneMem(t, mem)
	if err := MakeDir(fs, fs.PathJoin(cfg.Dir, storeDir)); err != nil {
		t.Fatal(err)
	}
	cfg.FS = fs
	l := mustOpen(t, cfg)
	defer mustClose(t, l)
	if got := dumpLog(t, l); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}
