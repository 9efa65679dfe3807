package raftlog

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// fault fails the operations that match, from when it is armed.
type fault struct {
	armed atomic.Bool
	match func(errorfs.Op) bool
	hits  atomic.Int32
}

func (f *fault) MaybeError(op errorfs.Op) error {
	if f.armed.Load() && f.match(op) {
		f.hits.Add(1)
		return errorfs.ErrInjected
	}
	return nil
}

func (f *fault) String() string { return "fault" }

func kinds(suffix string, ks ...errorfs.OpKind) func(errorfs.Op) bool {
	return func(op errorfs.Op) bool {
		for _, k := range ks {
			if op.Kind == k && strings.HasSuffix(op.Path, suffix) {
				return true
			}
		}
		return false
	}
}

func TestFailedWritesEndTheNodeWithoutReply(t *testing.T) {
	for name, match := range map[string]func(errorfs.Op) bool{
		"write": kinds(".segment", errorfs.OpFileWriteAt),
		"sync":  kinds(".segment", errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo),
		"mark":  kinds(markName, errorfs.OpFileWriteAt),
	} {
		t.Run(name, func(t *testing.T) {
			f := &fault{match: match}
			mem := vfs.NewMem()
			cfg := config(t, errorfs.Wrap(mem, f))
			fatal := make(chan error, 10)
			cfg.Fatal = func(err error) { fatal <- err }
			l := begin(t, cfg)
			f.armed.Store(true)
			l.cfg.fullBytes = 1 // the second one is another piece of the turn
			got := turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11, "p"), Sync: true, Reply: somebody},
				&Append{Shard: 4, Replica: 7, Entries: ents(2, 12, "p"), Sync: true, Reply: somebody})
			if len(got) != 0 {
				t.Fatalf("replies after a failed %s: %+v", name, got)
			}
			if err := <-fatal; !errors.Is(err, errorfs.ErrInjected) && !strings.Contains(err.Error(), "injected") {
				t.Fatalf("%v", err)
			}
			f.armed.Store(false) // the disk is well again: the node must not go on
			got = turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 13, "q"), Sync: true, Reply: somebody})
			if len(got) != 0 || len(fatal) != 0 {
				t.Fatalf("goes on: %+v, %d more fatal errors", got, len(fatal))
			}
			if err := l.Close(); err == nil {
				t.Fatal("Close says that all is well")
			}
		})
	}
}

// The log goes on in a new file, or in one that was given up.
func TestFailureToBeginASegmentEndsTheNode(t *testing.T) {
	for name, match := range map[string]func(errorfs.Op) bool{
		"directory": kinds(storeDir, errorfs.OpFileSync),
		"open":      kinds(".segment", errorfs.OpOpen),
		"remove":    kinds(".segment", errorfs.OpRemove),
	} {
		t.Run(name, func(t *testing.T) {
			f := &fault{match: match}
			cfg := config(t, errorfs.Wrap(vfs.NewMem(), f))
			cfg.segmentSize = 16 << 10
			var fatal []error
			cfg.Fatal = func(err error) { fatal = append(fatal, err) }
			l := begin(t, cfg)
			f.armed.Store(true)
			for i := range uint64(1000) {
				turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, strings.Repeat("x", 4000)), Hard: hard(2, 11+i)})
				if i == 500 { // so that files become too many
					turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(500, 2), Through: 500, ThroughTerm: 2})
				}
			}
			if len(fatal) != 1 || !errors.Is(fatal[0], errorfs.ErrInjected) {
				t.Fatal(fatal)
			}
			if l.Close() == nil {
				t.Fatal("Close says that all is well")
			}
		})
	}
}

// A byte of every region of the last segment.
func TestFlippedByteInLastSegmentIsNoticed(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	l := begin(t, cfg)
	const entries = 400
	for i := range uint64(entries) {
		turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, strings.Repeat("y", 200)), Sync: true})
	}
	// As a killed process leaves it.
	frozen := cloneMem(t, mem)
	mustClose(t, l)
	want := func() string {
		cfg.FS = cloneMem(t, frozen)
		l := mustOpen(t, cfg)
		defer mustClose(t, l)
		return dumpLog(t, l)
	}()
	path, size := firstSegment(t, frozen, cfg)
	noticed, harmless := 0, 0
	for off := int64(0); off < size; off += 311 {
		fs := cloneMem(t, frozen)
		flip(t, fs, path, off)
		cfg.FS = fs
		if l, err := Open(cfg); err == nil {
			if got := dumpLog(t, l); got != want {
				t.Fatalf("byte %d of %d: short or wrong, in silence", off, size)
			}
			harmless++
			mustClose(t, l)
			continue
		} else if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "--join") {
			t.Fatalf("byte %d of %d: %v", off, size, err)
		}
		noticed++
		if off%(20*311) == 0 { // and again: the first attempt must not have hidden it
			if _, err := Open(cfg); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("byte %d, second attempt: %v", off, err)
			}
			flip(t, fs, path, off) // the operator's memory was bad, not the disk: nothing was destroyed
			if got := func() string { l := mustOpen(t, cfg); defer mustClose(t, l); return dumpLog(t, l) }(); got != want {
				t.Fatalf("byte %d: opening destroyed what was there", off)
			}
		}
	}
	t.Logf("%d flips noticed, %d without effect, of %d bytes", noticed, harmless, size)
	if noticed < 100 || noticed < 20*harmless {
		t.Fatal("too few noticed")
	}
}

// Any byte of any other file: the log opens as it was, or says that it is corrupt. Never anything else.
func TestFlippedByteAnywhereIsNeverSilent(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	cfg.segmentSize = 64 << 10
	l := begin(t, cfg)
	for i := range uint64(300) {
		turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, strings.Repeat("y", 700)), Sync: true})
		if i == 150 {
			turn(l, &Create{Shard: 3, Replica: 1, Hard: hard(1, 0)},
				&Append{Shard: 3, Replica: 1, Entries: ents(1, 1, "i"), Hard: hard(1, 1)})
		}
		if i == 200 {
			turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(8, 2), Through: 8, ThroughTerm: 2})
		}
	}
	want := dumpLog(t, l)
	frozen := cloneMem(t, mem)
	mustClose(t, l)
	counts := map[string][4]int{}
	for _, path := range files(t, frozen, "data/log") {
		kind := fileKind(path)
		for _, off := range offsets(t, frozen, path, 30) {
			fs := cloneMem(t, frozen)
			flip(t, fs, path, off)
			cfg.FS = fs
			n := counts[kind]
			n[openFlipped(t, cfg, fmt.Sprintf("%s byte %d", path, off), want)]++
			counts[kind] = n
		}
	}
	t.Logf("same / refused / refused when read / fatal, by file: %v", counts)
}

// openFlipped says how it ended: 0 the same, 1 refused by Open, 2 refused when read, 3 ended by Fatal. A process
// that has called Fatal does nothing more; neither does this one.
func openFlipped(t *testing.T, cfg Config, name, want string) int {
	t.Helper()
	fatal, end := make(chan error, 1), make(chan int, 1)
	cfg.Fatal = func(err error) {
		fatal <- err
		select {}
	}
	var verdict error
	go func() {
		how, err := reopenFlipped(cfg, want)
		verdict = err
		end <- how
	}()
	select {
	case err := <-fatal:
		if !errors.Is(err, ErrCorrupt) && !strings.Contains(err.Error(), "corrupt") {
			t.Fatalf("%s: fatal: %v", name, err)
		}
		return 3
	case how := <-end:
		if verdict != nil {
			t.Fatalf("%s: %v", name, verdict)
		}
		return how
	}
}

func reopenFlipped(cfg Config, want string) (int, error) {
	l, err := Open(cfg)
	if err != nil {
		return 1, nil
	}
	got, err := dump(l)
	switch {
	case errors.Is(err, ErrCorrupt):
		return 2, l.Close()
	case err != nil:
		return 0, err
	case got != want:
		return 0, fmt.Errorf("wrong in silence: got\n%.3000s\nwant\n%.3000s", got, want)
	}
	return 0, l.Close()
}

func fileKind(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.LastIndexByte(base, '.'); i >= 0 && !strings.HasPrefix(base, "marker") {
		return base[i:]
	}
	return strings.TrimRight(base, "0123456789.")
}

func TestMissingFilesAreNoticed(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	cfg.segmentSize = 64 << 10
	l := begin(t, cfg)
	for i := range uint64(300) {
		turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, strings.Repeat("y", 700)), Sync: true})
	}
	want := dumpLog(t, l)
	frozen := cloneMem(t, mem)
	mustClose(t, l)
	for _, path := range files(t, frozen, "data/log") {
		fs := cloneMem(t, frozen)
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
		cfg.FS = fs
		openFlipped(t, cfg, path+" missing", want)
	}
	fs := cloneMem(t, frozen)
	if err := fs.RemoveAll("data/log/" + storeDir); err != nil {
		t.Fatal(err)
	}
	cfg.FS = fs
	if _, err := Open(cfg); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("the whole store is gone: %v", err)
	}
}

func TestTornUnsyncedTailOpens(t *testing.T) {
	mem := vfs.NewMem()
	cfg := config(t, mem)
	l := begin(t, cfg)
	want := dumpLog(t, l)
	_, synced := firstSegment(t, mem, cfg)
	turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11, strings.Repeat("u", 5000))})
	turn(l, &SetMeta{Key: "sync", Value: []byte("all reaches the file")})
	after := dumpLog(t, l)
	frozen := cloneMem(t, mem)
	mustClose(t, l)
	path, size := firstSegment(t, frozen, cfg)
	if size < synced+5000 {
		t.Fatalf("log of %d bytes, %d before", size, synced)
	}
	for cut := synced; cut < size; cut += 61 {
		fs := cloneMem(t, frozen)
		truncate(t, fs, path, cut)
		// The marks as they were after the last sync that this disk has seen.
		rewindMarks(t, fs, cfg)
		cfg.FS = fs
		l := mustOpen(t, cfg)
		if got := dumpLog(t, l); got != want && got != after {
			t.Fatalf("cut at %d: %s", cut, got)
		}
		mustClose(t, l)
	}
}
