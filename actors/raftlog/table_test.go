package raftlog

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// tableFS counts the writes to tables, and their bytes.
type tableFS struct {
	vfs.FS
	writes, bytes *atomic.Int64
}

func newTableFS() tableFS { return tableFS{vfs.NewMem(), new(atomic.Int64), new(atomic.Int64)} }

func (fs tableFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".sst") {
		return f, err
	}
	return tableFile{f, fs}, nil
}

type tableFile struct {
	vfs.File
	fs tableFS
}

func (f tableFile) Write(b []byte) (int, error) {
	f.fs.writes.Add(1)
	f.fs.bytes.Add(int64(len(b)))
	return f.File.Write(b)
}

// What is moved from memory to a table costs a system call for a hundred entries, not one for each few.
func TestTablesAreWrittenInLargePieces(t *testing.T) {
	fs := newTableFS()
	l := begin(t, config(t, fs))
	before := fs.writes.Load()
	const entries, size = 2000, 1 << 10
	value := strings.Repeat("v", size)
	for i := uint64(0); i < entries; i += 20 {
		turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, 11+i, strings.Split(strings.Repeat(value+" ", 20)[:20*(size+1)-1], " ")...), Sync: true})
	}
	mustClose(t, l)
	switch n := fs.writes.Load() - before; {
	case n == 0:
		t.Fatal("no table was written")
	case n > entries/40:
		t.Fatalf("%d writes for %d entries of %d bytes", n, entries, size)
	}
}

// An entry is moved to a table, and merged with others about once, however long the log grows before it is truncated.
func TestEntriesAreNotWrittenOverAndOver(t *testing.T) {
	const size, perTurn, turns, truncated = 8 << 10, 20, 500, 1000
	values := strings.Split(strings.Repeat(strings.Repeat("v", size)+" ", perTurn)[:perTurn*(size+1)-1], " ")
	for name, kept := range map[string]uint64{"truncated soon": truncated, "truncated late": 4 * truncated, "never truncated": turns * perTurn} {
		t.Run(name, func(t *testing.T) {
			fs := newTableFS()
			cfg := config(t, fs)
			cfg.memTable = 1 << 20
			l := begin(t, cfg)
			for i := range uint64(turns) {
				last := 10 + (i+1)*perTurn
				turn(l, &Append{Shard: 4, Replica: 7, Entries: ents(2, last-perTurn+1, values...), Hard: hard(2, last), Sync: true})
				if last > kept+10 && last%truncated == 10 {
					turn(l, &Compact{Shard: 4, Replica: 7, Snapshot: snapAt(last, 2), Through: last - kept, ThroughTerm: 2})
				}
			}
			mustClose(t, l)
			if written, logged := fs.bytes.Load(), int64(turns*perTurn*size); written > logged*5/2 {
				t.Errorf("%d KiB of tables for %d KiB of log", written>>10, logged>>10)
			}
		})
	}
}
