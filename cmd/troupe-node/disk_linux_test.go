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
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2500m"); err != nil {
		t.Skipf("cannot mount a tmpfs (CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	c := cluster.StartT(t, cluster.Options{Dir: dir, Flags: []string{"--min-free", "400MiB"}})
	l := startLoad(t, c, "disk")
	l.more(t, 300)
	filler := filepath.Join(dir, "filler")
	until(t, "a nearly full disk", func() error { return fill(dir, filler, 300<<20) })
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
func fill(dir, name string, leave int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return err
	}
	n := int64(st.Bavail)*st.Bsize - leave
	if n <= 0 {
		return nil
	}
	return syscall.Fallocate(int(f.Fd()), 0, 0, n)
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
