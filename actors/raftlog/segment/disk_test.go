package segment

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

const testDir = "data"

// makeDir makes the directory of a store, durably.
func makeDir(t testing.TB, fs vfs.FS) {
	t.Helper()
	if err := fs.MkdirAll(testDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := SyncDir(fs, "/"); err != nil {
		t.Fatal(err)
	}
}

func options(fs vfs.FS, size int64) Options { return Options{FS: fs, Dir: testDir, Size: size} }

func mustOpen(t testing.TB, opts Options) *Store {
	t.Helper()
	s, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustCommit(t testing.TB, s *Store, b *Batch, sync bool) {
	t.Helper()
	if err := s.Commit(b, sync); err != nil {
		t.Fatal(err)
	}
}

// cloneMem is the disk as a killed process leaves it: with all that was written, durable or not.
func cloneMem(t testing.TB, from *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	ok, err := vfs.Clone(from, to, testDir, testDir, vfs.CloneSkip(func(string) bool { return false }))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	return to
}

// paths are the segment files, in order.
func paths(t testing.TB, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range names {
		if strings.HasSuffix(n, suffix) {
			out = append(out, fs.PathJoin(dir, n))
		}
	}
	slices.Sort(out)
	return out
}

func read(t testing.TB, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

// write replaces a file.
func write(t testing.TB, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil { // MemFS scrambles it under -race
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// overwrite changes bytes of a file in place.
func overwrite(t testing.TB, fs vfs.FS, path string, off int64, b []byte) {
	t.Helper()
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// contents are all files and what is in them.
func contents(t testing.TB, fs vfs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, p := range paths(t, fs, testDir) {
		all[p] = string(read(t, fs, p))
	}
	return all
}

// usage is the number of files and their bytes.
func usage(t testing.TB, fs vfs.FS) (files int, bytes int64) {
	t.Helper()
	for _, p := range paths(t, fs, testDir) {
		info, err := fs.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		files, bytes = files+1, bytes+info.Size()
	}
	return files, bytes
}

// injector makes an errorfs.Injector of a function.
type injector func(errorfs.Op) error

func (i injector) MaybeError(op errorfs.Op) error { return i(op) }

func (i injector) String() string { return "injector" }
