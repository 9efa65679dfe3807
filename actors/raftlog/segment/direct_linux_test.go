package segment

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/direct"
)

// What a block has already is written again by the kernel, if it takes such requests, and the rest by a thread. Who wants
// to know is told how many.
func TestTheKernelWrites(t *testing.T) {
	dir := realDir(t)
	var async atomic.Uint64
	s := mustOpen(t, Options{FS: vfs.Default, Dir: dir, Async: &async, NoAsync: func(err error) {
		t.Skip("the system has no asynchronous I/O: ", err)
	}})
	defer func() { mustClose(t, s) }()
	const commits = 100
	var b Batch
	for i := range commits {
		b.Reset()
		b.Set([]byte("name"), []byte{byte(i)})
		mustCommit(t, s, &b, true)
	}
	if async.Load() == 0 && takesRequests(t, dir) {
		t.Errorf("none of %d writes is the kernel's", commits)
	}
}

func takesRequests(t *testing.T, dir string) bool {
	f, err := vfs.Default.OpenReadWrite(filepath.Join(dir, "probe"), vfs.WriteCategoryUnspecified)
	if err != nil || !direct.Bypass(f) {
		t.Fatal(err)
	}
	defer f.Close()
	p := direct.Buffer(blockSize)
	if _, err := f.WriteAt(p, 0); err != nil { // what is in the page cache is refused
		t.Fatal(err)
	}
	var done atomic.Uint64
	q, err := direct.NewQueue(&done)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := q.Write(int(f.Fd()), p, 0, true); err != nil {
		t.Fatal(err)
	}
	return done.Load() > 0
}
