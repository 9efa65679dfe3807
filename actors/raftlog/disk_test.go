package raftlog

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func cloneMem(t testing.TB, from *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	ok, err := vfs.Clone(from, to, "data", "data", vfs.CloneSkip(func(string) bool { return false }))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	return to
}

func files(t testing.TB, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var out []string
	for _, n := range names {
		path := fs.PathJoin(dir, n)
		if info, err := fs.Stat(path); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			out = append(out, files(t, fs, path)...)
		} else {
			out = append(out, path)
		}
	}
	return out
}

// firstSegment is the file of the first segment, and where its frames end. After it there may be room.
func firstSegment(t testing.TB, fs vfs.FS, cfg Config) (path string, size int64) {
	t.Helper()
	for _, p := range files(t, fs, cfg.Dir) {
		if strings.HasSuffix(p, ".segment") && (path == "" || p < path) {
			path = p
		}
	}
	return path, int64(len(bytes.TrimRight(read(t, fs, path), "\x00")))
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

func write(t testing.TB, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func flip(t testing.TB, fs vfs.FS, path string, off int64) {
	t.Helper()
	b := read(t, fs, path)
	b[off] ^= 0x40
	write(t, fs, path, b)
}

func truncate(t testing.TB, fs vfs.FS, path string, size int64) {
	t.Helper()
	write(t, fs, path, read(t, fs, path)[:size])
}

// offsets are up to n places in a file, first and last among them.
func offsets(t testing.TB, fs vfs.FS, path string, n int64) []int64 {
	t.Helper()
	size := int64(len(read(t, fs, path)))
	var out []int64
	for i := range min(n, size) {
		out = append(out, i*(size-1)/max(min(n, size)-1, 1))
	}
	return out
}

// forwardMarks says that more was synced of every shard than is in the log.
func forwardMarks(t testing.TB, fs vfs.FS, cfg Config) {
	t.Helper()
	path := fs.PathJoin(cfg.Dir, markName)
	b := read(t, fs, path)
	for off := 0; off+markSlot <= len(b); off += markSlot {
		shard, counter, _ := parseMark(b[off : off+markSlot])
		putMark(b[off:], shard, counter+1)
	}
	write(t, fs, path, b)
}

// rewindMarks takes the last batch of every shard back, as a side file that did not reach the disk.
func rewindMarks(t testing.TB, fs vfs.FS, cfg Config) {
	t.Helper()
	path := fs.PathJoin(cfg.Dir, markName)
	b := read(t, fs, path)
	for off := 0; off+markSlot <= len(b); off += markSlot {
		shard, counter, ok := parseMark(b[off : off+markSlot])
		if !ok {
			t.Fatal("bad mark")
		}
		if shard == nodeShard {
			counter = 0
		} else {
			counter--
		}
		putMark(b[off:], shard, counter)
	}
	write(t, fs, path, b)
}
