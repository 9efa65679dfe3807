package direct

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// create makes a file on a disk of this machine, where that has O_DIRECT.
func create(t *testing.T) (*File, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	raw, err := vfs.Default.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := Wrap(raw, name).(*File)
	if !ok {
		raw.Close()
		t.Skip("the file system of the temporary directory has no O_DIRECT")
	}
	return f, name
}

func flagged(t *testing.T, f vfs.File) bool {
	t.Helper()
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.O_DIRECT != 0
}

func has(t *testing.T, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, want %d; the first difference at %d", len(got), len(want), differ(got, want))
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// Whatever is written in whatever pieces, after a sync the file has all of it and nothing else, and after the end too.
func TestFileHasWhatWasWritten(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f, name := create(t)
		var want []byte
		for range 1 + rng.IntN(30) {
			p := make([]byte, rng.IntN(1<<(1+rng.IntN(22))))
			for i := range p {
				p[i] = byte(rng.Uint32())
			}
			if n, err := f.Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			want = append(want, p...)
			switch rng.IntN(8) {
			case 0:
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
				has(t, name, want)
			case 1:
				if err := f.SyncData(); err != nil {
					t.Fatal(err)
				}
				has(t, name, want)
			case 2:
				info, err := f.Stat()
				if err != nil || info.Size() != int64(len(want)) {
					t.Fatal(info.Size(), len(want), err)
				}
			case 3:
				if full, err := f.SyncTo(int64(len(want))); full || err != nil {
					t.Fatal(full, err)
				}
			}
		}
		if !flagged(t, f) {
			t.Fatal("not written past the page cache")
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		has(t, name, want)
	}
}

// A file system may take the flag and refuse the writes: they go the usual way then. Here it is memory that is not
// aligned which makes it refuse.
func TestRefusedWritesGoTheUsualWay(t *testing.T) {
	f, name := create(t)
	raw := make([]byte, bufferSize+1)
	f.buf = (*[bufferSize]byte)(raw[1:])
	want := bytes.Repeat([]byte("0123456789"), bufferSize/8)
	if _, err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	if flagged(t, f) {
		t.Skip("this file system takes any memory")
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	f.buf = nil // not for the pool
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, name, want)
}

// What cannot be written is an error of the call that needs it, with the file's name.
func TestFailedWrite(t *testing.T) {
	f, name := create(t)
	readOnly, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	f.fd = int(readOnly.Fd())
	if _, err := f.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	var failed *os.PathError
	if err := f.Sync(); !errors.As(err, &failed) || failed.Path != name {
		t.Errorf("Sync: %v", err)
	}
	if _, err := f.Write(make([]byte, bufferSize)); !errors.As(err, &failed) {
		t.Errorf("Write: %v", err)
	}
	if err := f.Close(); !errors.As(err, &failed) {
		t.Errorf("Close: %v", err)
	}
}

// Files in memory stay as they are.
func TestWrapLeavesOthersAlone(t *testing.T) {
	raw, err := vfs.NewMem().Create("file", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if f := Wrap(raw, "file"); f != raw {
		t.Errorf("%T", f)
	}
}
