package faultdisk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// mount makes a disk of a temporary directory.
func mount(t *testing.T) (d *Disk, at, backing string) {
	t.Helper()
	at, backing = t.TempDir(), t.TempDir()
	d, err := Mount(backing, at)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := d.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return d, at, backing
}

// write writes a file and syncs it.
func write(path string, content []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, werr := f.Write(content)
	return errors.Join(werr, f.Sync(), f.Close())
}

func TestADiskWithoutFaultsIsADirectory(t *testing.T) {
	_, at, backing := mount(t)
	sub := filepath.Join(at, "sub")
	if err := errors.Join(os.Mkdir(sub, 0o755), write(filepath.Join(sub, "a"), []byte("kept")),
		os.Rename(filepath.Join(sub, "a"), filepath.Join(at, "b"))); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(at, "b"), filepath.Join(backing, "b")} {
		if got, err := os.ReadFile(path); err != nil || string(got) != "kept" {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
	dir, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		t.Errorf("syncing a directory: %v", err)
	}
}

func TestASlowDiskTakesLonger(t *testing.T) {
	d, at, _ := mount(t)
	const longer = 50 * time.Millisecond
	d.Slow(longer)
	began := time.Now()
	if err := write(filepath.Join(at, "a"), nil); err != nil || time.Since(began) < longer {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestAFullDisk(t *testing.T) {
	d, at, _ := mount(t)
	const room = 1 << 20
	first, second := filepath.Join(at, "first"), filepath.Join(at, "second")
	d.Fill(room)
	if err := write(first, bytes.Repeat([]byte{1}, room*3/4)); err != nil {
		t.Fatal(err)
	}
	if free := free(t, at); free <= 0 || free > room/4 {
		t.Errorf("%d bytes are said to be free", free)
	}
	if err := write(second, bytes.Repeat([]byte{1}, room/2)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("past the end: %v", err)
	}
	if err := errors.Join(os.Remove(second), os.Remove(first), write(second, bytes.Repeat([]byte{1}, room/2))); err != nil {
		t.Errorf("where there is room again: %v", err)
	}
	d.Free()
	if err := write(first, bytes.Repeat([]byte{1}, 2*room)); err != nil || free(t, at) < 2*room {
		t.Errorf("freed: %v, %d bytes free", err, free(t, at))
	}
}

func free(t *testing.T, at string) int64 {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(at, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}

func TestABrokenDisk(t *testing.T) {
	d, at, _ := mount(t)
	d.Break(true)
	if err := write(filepath.Join(at, "a"), []byte("x")); !errors.Is(err, syscall.EIO) {
		t.Errorf("syncing: %v", err)
	}
	if n := d.FailedSyncs(); n != 1 {
		t.Errorf("%d syncs failed", n)
	}
	d.Break(false)
	if err := write(filepath.Join(at, "a"), []byte("x")); err != nil {
		t.Errorf("mended: %v", err)
	}
}
