//go:build unix

package segment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/discard"
)

// dropMost returns a store of the operating system's files, larger than a piece, that was told to drop nearly all, right
// after first.
func dropMost(t *testing.T, segments int, low bool, first func()) (s *Store, files []*os.File) {
	t.Helper()
	dir := t.TempDir()
	s = mustOpen(t, Options{FS: vfs.Default, Dir: dir, Size: discard.Piece + 1<<20, Low: func() bool { return low }})
	t.Cleanup(func() { mustClose(t, s) })
	var b Batch
	const size = 1 << 20
	last := uint64(0)
	for ; len(s.segments) <= segments; last++ {
		b.Reset()
		clear(b.Put(1, last, size))
		mustCommit(t, s, &b, false)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
	}
	b.Reset()
	b.Cut(1, 0, last-1)
	first()
	mustCommit(t, s, &b, true)
	return s, files
}

func fileSize(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// until waits for what others do.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(time.Minute); !ok(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// The commit that many files go with does not wait for their blocks, nor does the disk get them back all at once.
func TestFilesGoPieceByPiece(t *testing.T) {
	s, files := dropMost(t, 10, false, func() {})
	gone := 0
	for _, f := range files {
		if _, err := os.Stat(f.Name()); os.IsNotExist(err) && fileSize(t, f) >= 1<<20 { // who has it open sees its blocks go
			gone++
			until(t, "a file is not cut off", func() bool { return fileSize(t, f) <= discard.Piece })
		}
	}
	if gone == 0 {
		t.Fatalf("no file of %d went, %d segments are left", len(files), len(s.segments))
	}
}

// While many files wait for their blocks to go, no more are removed, each of which takes a handle.
func TestRemovalWaitsForPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	s, _ := dropMost(t, 8, false, func() {
		for range maxPending + 32 {
			f, err := os.Create(path)
			if err == nil {
				err = errors.Join(f.Truncate(4*discard.Piece+1), f.Close(), discard.File(vfs.Default, path))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	spares := len(s.spares)
	if discard.Pending() < maxPending {
		t.Fatalf("%d files are pending: too few for this test", discard.Pending())
	}
	keep := max(2, len(s.segments)/2)
	if spares <= keep {
		t.Errorf("%d spare files are left while %d files are pending", spares, discard.Pending())
	}
	until(t, "files stay pending", func() bool { return discard.Pending() < maxPending-spares })
	var b Batch
	b.Set([]byte("x"), nil)
	mustCommit(t, s, &b, true)
	if n := len(s.spares); n > keep {
		t.Errorf("%d spare files are left", n)
	}
}

// A disk that is nearly full gets its room at once, however much waits.
func TestFilesGoAtOnceWhereTheDiskIsLow(t *testing.T) {
	until(t, "files stay pending", func() bool { return discard.Pending() == 0 })
	_, files := dropMost(t, 10, true, func() {})
	gone := 0
	for _, f := range files {
		if _, err := os.Stat(f.Name()); os.IsNotExist(err) {
			gone++
			if n := fileSize(t, f); n < 1<<20 {
				t.Errorf("a file is cut off at %d bytes", n)
			}
		}
	}
	if gone == 0 || discard.Pending() > 0 {
		t.Errorf("%d files went, %d are pending", gone, discard.Pending())
	}
}
