package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// On a disk that is nearly full writes are refused with MISCONF while reads go on; when there is room
// again writes are taken, and nothing was lost.
func TestNearlyFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400m"); err != nil {
		t.Skipf("cannot mount a tmpfs (CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	c := cluster.StartT(t, cluster.Options{Dir: dir, Flags: []string{"--min-free", "100MiB"}})
	l := startLoad(t, c, "disk")
	l.more(t, 300)
	filler := filepath.Join(dir, "filler")
	fill(t, dir, filler, 60<<20)
	until(t, "MISCONF", func() error { return expectError(t, c, "MISCONF") })
	for key := range 20 {
		for _, n := range c.Nodes() {
			r, err := client.Ask(t.Context(), n.Client, patience, "GET", fmt.Sprint("disk-0-", key))
			if err != nil || r.Err() != "" && !strings.HasPrefix(r.Err(), "MOVED") {
				t.Fatalf("a read on a nearly full disk: %v %s", err, r.Err())
			}
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	l.more(t, 300)
	wholeAgain(t, c)
	l.check(t)
}

// fill leaves so many bytes free in the file system of dir.
func fill(t *testing.T, dir, name string, leave int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	n := int64(st.Bavail)*st.Bsize - leave
	if n <= 0 {
		return
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, n); err != nil {
		t.Fatal(err)
	}
}

// expectError wants every node to answer a write with the given code, or to redirect it.
func expectError(t *testing.T, c *cluster.Cluster, code string) error {
	seen := 0
	for _, n := range c.Nodes() {
		r, err := client.Ask(t.Context(), n.Client, time.Second, "SET", "probe", "1")
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(r.Err(), code):
			seen++
		case !strings.HasPrefix(r.Err(), "MOVED"):
			return fmt.Errorf("%s answers %q %s", n.Name, r.Text, r.Err())
		}
	}
	if seen == 0 {
		return fmt.Errorf("nobody says %s", code)
	}
	return nil
}
