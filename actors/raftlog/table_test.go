package raftlog

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// tableFS counts the writes to tables.
type tableFS struct {
	vfs.FS
	writes *atomic.Int64
}

func (fs tableFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".sst") {
		return f, err
	}
	return tableFile{f, fs.writes}, nil
}

type tableFile struct {
	vfs.File
	writes *atomic.Int64
}

func (f tableFile) Write(b []byte) (int, error) {
	f.writes.Add(1)
	return f.File.Write(b)
}

// What is moved from memory to a table costs a system call for a hundred entries, not one for each few.
func TestTablesAreWrittenInLargePieces(t *testing.T) {
	fs := tableFS{vfs.NewMem(), new(atomic.Int64)}
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
