package replica

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/slotmap"
)

func writeBlocks(t *testing.T, blocks ...string) (string, SnapHeader) {
	t.Helper()
	h := SnapHeader{Cluster: slotmap.ClusterID{1}, Shard: 3, Index: 77, Term: 4, Now: 1234, Members: Bootstrap(nodeNo(9))}
	path := filepath.Join(t.TempDir(), SnapName(3, 1, 4, 77))
	w, err := createSnap(vfs.Default, path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if err := w.block([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	size, sum, err := w.finish()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || int64(len(data)) != size || xxhash.Sum64(data) != sum {
		t.Fatalf("size %d, sum %x do not match the file: %v", size, sum, err)
	}
	return path, h
}

func TestSnapshotFileRoundTrip(t *testing.T) {
	path, want := writeBlocks(t, "one", "two")
	var got []string
	h, err := readSnap(vfs.Default, path, func(b []byte) error { got = append(got, string(b)); return nil })
	if err != nil || len(got) != 2 || got[1] != "two" {
		t.Fatalf("%q %v", got, err)
	}
	if h.Index != want.Index || h.Term != want.Term || h.Now != want.Now || h.Shard != want.Shard || h.Members.Nodes[1] != nodeNo(9) {
		t.Fatalf("header %+v", h)
	}
	if _, err := os.Stat(path + ".tmp"); !os.IsNotExist(err) {
		t.Fatal("the temporary file stays")
	}
}

// Any flipped byte and any cut is found.
func TestSnapshotFileDamage(t *testing.T) {
	path, _ := writeBlocks(t, "some data", "more data")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readSnap(vfs.Default, path, func([]byte) error { return nil }); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		check("flipped byte", i, bad)
		check("cut", i, good[:i])
	}
	check("tail", len(good), append(bytes.Clone(good), 0))
}
