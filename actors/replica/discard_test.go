package replica

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// large makes a file of several pieces and returns a handle to look at it by.
func large(t *testing.T, path string) *os.File {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 5*discardPiece+1); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func size(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// idle waits until no file shrinks any more.
func idle() { discards <- struct{}{}; <-discards }

func TestLargeFileGoesPieceByPiece(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := large(t, path)
	discards <- struct{}{} // another one shrinks
	if err := discardFile(vfs.Default, path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !oserror.IsNotExist(err) {
		t.Errorf("the name is there still: %v", err)
	}
	if n := size(t, f); n != 5*discardPiece+1 {
		t.Errorf("it shrinks beside another one: %d bytes", n)
	}
	<-discards
	seen := map[int64]bool{}
	for deadline := time.Now().Add(time.Minute); !seen[1] && time.Now().Before(deadline); time.Sleep(discardPause / 10) {
		seen[size(t, f)] = true
	}
	if !seen[1] || len(seen) < 4 {
		t.Errorf("sizes seen: %v", seen)
	}
	idle()
}

func TestDiscardOfWhatIsNotThere(t *testing.T) {
	if err := discardFile(vfs.Default, filepath.Join(t.TempDir(), "x")); !oserror.IsNotExist(err) {
		t.Error(err)
	}
}

// A file system that cannot cut files off just deletes them.
func TestDiscardInMemory(t *testing.T) {
	fs := vfs.NewMem()
	f, err := fs.Create("x", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 2*discardPiece)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := discardFile(fs, "x"); err != nil {
		t.Fatal(err)
	}
	idle()
	if _, err := fs.Stat("x"); !oserror.IsNotExist(err) {
		t.Error(err)
	}
}

// What is being sent to a follower stays whole for who reads it.
func TestSentSnapshotIsNotCutOff(t *testing.T) {
	dir := t.TempDir()
	r := &replica{cfg: &Config{FS: vfs.Default, SnapshotDir: dir, Shard: 1, Replica: 2}}
	old := SnapName(1, 2, 1, 5)
	for _, sends := range []int{1, 0} {
		f := large(t, filepath.Join(dir, old))
		r.snaps.sends = sends
		r.removeSnapshots(6)
		if _, err := os.Stat(filepath.Join(dir, old)); !oserror.IsNotExist(err) {
			t.Errorf("the name is there still: %v", err)
		}
		if sends == 0 {
			for size(t, f) != 1 {
				time.Sleep(discardPause)
			}
			idle()
			continue
		}
		idle()
		if n, err := io.Copy(io.Discard, f); err != nil || n != 5*discardPiece+1 {
			t.Errorf("%d bytes can be read, %v", n, err)
		}
	}
}
