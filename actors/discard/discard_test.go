package discard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	if err := os.Truncate(path, 5*Piece+1); err != nil {
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

func TestLargeFileGoesPieceByPiece(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := large(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	rw := openUnnamed(t, f)
	shrink(rw, func() { sizes = append(sizes, size(t, f)) })
	want := []int64{4*Piece + 1, 3*Piece + 1, 2*Piece + 1, Piece + 1, 1}
	if !slices.Equal(sizes, want) {
		t.Errorf("sizes %v, want %v", sizes, want)
	}
}

// openUnnamed opens a file that has no name any more for writing.
func openUnnamed(t *testing.T, f *os.File) vfs.File {
	t.Helper()
	rw, err := vfs.Default.OpenReadWrite(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { rw.Close() })
	return rw
}

func TestDiscardedFileLosesItsNameAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := large(t, path)
	settle(t)
	shrinking <- struct{}{} // another one shrinks
	if err := File(vfs.Default, path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !oserror.IsNotExist(err) {
		t.Errorf("the name is there still: %v", err)
	}
	if n := Pending(); n != 1 {
		t.Errorf("%d files are pending, want 1", n)
	}
	<-shrinking
	shrunk(t, f)
	settle(t)
}

// settle waits until nothing is pending.
func settle(t *testing.T) { wait(t, "files stay pending", func() bool { return Pending() == 0 }) }

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(pause)
	defer poll.Stop()
	for deadline := time.Now().Add(time.Minute); !ok(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// shrunk waits until a file is as small as it gets.
func shrunk(t *testing.T, f *os.File) {
	t.Helper()
	wait(t, "it does not shrink", func() bool { return size(t, f) == 1 })
}

// A file with another name is not ours alone.
func TestLinkedFileIsNotCutOff(t *testing.T) {
	dir := t.TempDir()
	f := large(t, filepath.Join(dir, "x"))
	if err := os.Link(filepath.Join(dir, "x"), filepath.Join(dir, "y")); err != nil {
		t.Skip(err)
	}
	if err := File(vfs.Default, filepath.Join(dir, "x")); err != nil {
		t.Fatal(err)
	}
	g := large(t, filepath.Join(dir, "z"))
	if err := File(vfs.Default, filepath.Join(dir, "z")); err != nil {
		t.Fatal(err)
	}
	shrunk(t, g)
	rw, err := vfs.Default.OpenReadWrite(filepath.Join(dir, "y"), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer rw.Close()
	shrink(rw, func() { t.Error("cut off") })
	if n := size(t, f); n != 5*Piece+1 {
		t.Errorf("%d bytes are left", n)
	}
}

func TestDiscardOfWhatIsNotThere(t *testing.T) {
	if err := File(vfs.Default, filepath.Join(t.TempDir(), "x")); !oserror.IsNotExist(err) {
		t.Error(err)
	}
}

// A file system that cannot cut files off just deletes them.
func TestDiscardInMemory(t *testing.T) {
	settle(t)
	fs := vfs.NewMem()
	f, err := fs.Create("x", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 2*Piece)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := File(fs, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("x"); !oserror.IsNotExist(err) {
		t.Error(err)
	}
	if n := Pending(); n != 0 {
		t.Errorf("%d files are pending, want none", n)
	}
}
