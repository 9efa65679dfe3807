package raftlog

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/raftlog/segment"
)

// Where the kernel makes writes of a store by itself, it makes some of a log's, and the log counts them.
func TestAsyncIsCounted(t *testing.T) {
	const writes = 100
	dir := t.TempDir()
	var async atomic.Uint64
	s, err := segment.Open(segment.Options{FS: vfs.Default, Dir: dir, Async: &async})
	if err != nil {
		t.Fatal(err)
	}
	var b segment.Batch
	for i := range writes {
		b.Reset()
		b.Set([]byte("name"), []byte{byte(i)})
		if err := s.Commit(&b, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if async.Load() == 0 {
		t.Skip("the kernel takes no requests for the temporary directory")
	}
	cfg := config(t, vfs.Default)
	cfg.Dir = filepath.Join(dir, "log")
	l := mustOpen(t, cfg)
	defer mustClose(t, l)
	turn(l, &Create{Shard: 1, Replica: 1})
	for i := range uint64(writes) {
		turn(l, &Append{Shard: 1, Replica: 1, Entries: ents(1, i+1, fmt.Sprint(i)), Sync: true})
	}
	if stats := l.Stats(); stats.Async == 0 || stats.Syncs < writes {
		t.Errorf("%d synced commits, %d writes by the kernel; %d of a store's", stats.Syncs, stats.Async, async.Load())
	}
}
