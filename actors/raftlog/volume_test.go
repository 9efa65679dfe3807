package raftlog

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// countFS counts the writes to segments, and their bytes, but for those that only make room.
type countFS struct {
	vfs.FS
	writes, bytes *atomic.Int64
}

func newCountFS() countFS { return countFS{vfs.NewMem(), new(atomic.Int64), new(atomic.Int64)} }

func (fs countFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.OpenReadWrite(name, c, opts...)
	if err != nil || !strings.HasSuffix(name, ".segment") {
		return f, err
	}
	return countFile{f, fs}, nil
}

type countFile struct {
	vfs.File
	fs countFS
}

func (f countFile) WriteAt(b []byte, at int64) (int, error) {
	if len(bytes.Trim(b, "\x00")) > 0 {
		f.fs.writes.Add(1)
		f.fs.bytes.Add(int64(len(b)))
	}
	return f.File.WriteAt(b, at)
}

// An entry is written once, however long the log grows before it is truncated, and a turn is one write.
func TestEntriesAreWrittenOnce(t *testing.T) {
	const size, perTurn, turns, truncated = 8 << 10, 20, 500, 1000
	values := strings.Split(strings.Repeat(strings.Repeat("v", size)+" ", perTurn)[:perTurn*(size+1)-1], " ")
	for name, kept := range map[string]uint64{"truncated soon": truncated, "truncated late": 4 * truncated, "never truncated": turns * perTurn} {
		t.Run(name, func(t *testing.T) {
			fs := newCountFS()
			cfg := config(t, fs)
			cfg.segmentSize = 1 << 20
			l := begin(t, cfg)
			compactions := int64(0)
			for i := range uint64(turns) {
				last := 10 + (i+1)*perTurn
				turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, last-perTurn+1, values...), Hard: hard(2, last), Sync: true})
				if last > kept+10 && last%truncated == 10 {
					turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(last, 2), Through: last - kept, ThroughTerm: 2})
					compactions++
				}
			}
			mustClose(t, l)
			const logged = turns * perTurn * size
			if written := fs.bytes.Load(); written < logged || written > logged*51/50 {
				t.Errorf("%d KiB written for %d KiB of log", written>>10, logged>>10)
			}
			if segments := int64(2 * logged / (1 << 20)); fs.writes.Load() > turns+compactions+segments {
				t.Errorf("%d writes for %d turns", fs.writes.Load(), turns)
			}
		})
	}
}

// A shard that is seldom written to does not keep the log of all others: what it has is written anew.
func TestQuietShardKeepsNoSegments(t *testing.T) {
	const size, turns, truncated = 8 << 10, 4000, 100
	fs := newCountFS()
	cfg := config(t, fs)
	cfg.segmentSize = 256 << 10
	l := begin(t, cfg)
	turn(l, &Create{Shard: 3, Replica: 1, Hard: hard(1, 0)})
	value, quiet := strings.Repeat("v", size), uint64(0)
	for i := uint64(1); i <= turns; i++ {
		turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 10+i, value), Hard: hard(2, 10+i), Sync: true})
		if i%truncated == 0 {
			turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(10+i, 2), Through: 10 + i, ThroughTerm: 2})
			quiet++
			turn(l, &Append{Shard: 3, Replica: 1, Entries: ents(1, quiet, "still there"), Hard: hard(1, quiet), Sync: true})
		}
	}
	if written := fs.bytes.Load(); written > turns*size*21/20 {
		t.Errorf("%d KiB written for %d KiB of log", written>>10, int64(turns*size)>>10)
	}
	var kept int64
	for _, path := range files(t, fs, cfg.Dir) {
		info, err := fs.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		kept += info.Size()
	}
	if kept > 20*cfg.segmentSize {
		t.Errorf("%d KiB of files for what is less than %d KiB", kept>>10, int64(truncated*size)>>10)
	}
	es, err := l.Entries(3, 1, quiet+1, 1<<20)
	if err != nil || uint64(len(es)) != quiet {
		t.Fatal(len(es), err)
	}
	mustClose(t, l)
}
