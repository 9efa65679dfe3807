package raftlog

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/troupedb/troupe/slotmap"
)

func openMapped(t testing.TB, fs vfs.FS, path string) *marks {
	t.Helper()
	m, err := openMarks(fs, path)
	if err == nil {
		err = m.openForWrite(fs, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is noted in a mapped file is there for whoever reads the file next, without a sync or a close, as after a kill;
// and so it is once there are more shards than were mapped.
func TestMappedMarksReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), markName)
	want := map[slotmap.ShardID]uint64{}
	perPage := mapBytes / markSlot
	for life, shards := range []int{1, 6, perPage, perPage + 1, 2*perPage - 1, 5 * perPage} {
		m := openMapped(t, vfs.Default, path)
		if m.mapped == nil {
			t.Fatal("the file is not mapped")
		}
		if room := len(m.mapped) - len(m.table); room < mapBytes {
			t.Errorf("%d slots, room for %d more bytes", len(m.table)/markSlot, room)
		}
		for round := range 3 {
			now := map[slotmap.ShardID]uint64{}
			for i := round; i < shards; i += 1 + round {
				now[slotmap.ShardID(i*7+1)] = uint64(1000*life + 100*round + i)
			}
			if err := m.note(now); err != nil {
				t.Fatal(err)
			}
			for shard, c := range now {
				want[shard] = c
			}
			again, err := openMarks(vfs.Default, path)
			if err != nil || !reflect.DeepEqual(again.counters, want) {
				t.Fatalf("life %d, round %d: %v, read back %v, want %v", life, round, err, again.counters, want)
			}
		}
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that has no room to be mapped is written to.
func TestMarksOnFullDiskAreWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), markName)
	full := true
	fs := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full && op.Kind == errorfs.OpFileWriteAt {
			return os.ErrInvalid
		}
		return nil
	}))
	m := openMapped(t, fs, path)
	full = false
	if m.mapped != nil {
		t.Fatal("mapped without room")
	}
	if err := m.note(map[slotmap.ShardID]uint64{4: 44}); err != nil {
		t.Fatal(err)
	}
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != markSlot {
		t.Fatalf("%v, %v", st, err)
	}
	m = openMapped(t, fs, path)
	if m.mapped == nil || m.counters[4] != 44 {
		t.Fatalf("mapped: %t, counters %v", m.mapped != nil, m.counters)
	}
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
}

// A disk that fails before the marks are there leaves nothing open.
func TestMarksThatCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), markName)
	for failed := range 2 { // the sync of the file, that of its folder
		syncs := 0
		fs := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileSync {
				if syncs++; syncs == failed+1 {
					return os.ErrInvalid
				}
			}
			return nil
		}))
		m, err := openMarks(fs, path)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.openForWrite(fs, path); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("the error is %v", err)
		}
		if err := m.note(map[slotmap.ShardID]uint64{4: 44}); m.mapped != nil || !errors.Is(err, os.ErrClosed) {
			t.Errorf("sync %d fails: mapped %t, a note says %v", failed+1, m.mapped != nil, err)
		}
	}
}

// A disk that fails behind the mapping is an error, not the end of the process without a word.
func TestMarksOnFailedDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), markName)
	m := openMapped(t, vfs.Default, path)
	if err := m.note(map[slotmap.ShardID]uint64{4: 44}); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := m.note(map[slotmap.ShardID]uint64{4: 45}); err == nil || !strings.Contains(err.Error(), "fault") {
		t.Fatalf("noted in a page that has no disk: %v", err)
	}
	if err := m.drop(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkMarks(b *testing.B) {
	m := openMapped(b, vfs.Default, filepath.Join(b.TempDir(), markName))
	now := map[slotmap.ShardID]uint64{1: 0, 3: 0, 6: 0}
	b.ReportAllocs()
	for b.Loop() {
		for shard := range now {
			now[shard]++
		}
		if err := m.note(now); err != nil {
			b.Fatal(err)
		}
	}
	if err := m.close(); err != nil {
		b.Fatal(err)
	}
}

// A file is not larger after many lives than after one, and nothing goes to it once it is closed.
func TestMarkFileDoesNotGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), markName)
	for life := range uint64(5) {
		m := openMapped(t, vfs.Default, path)
		if err := m.note(map[slotmap.ShardID]uint64{4: life}); err != nil {
			t.Fatal(err)
		}
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Size() != 2*mapBytes {
			t.Fatalf("life %d: %d bytes, %v", life, st.Size(), err)
		}
		if err := m.note(map[slotmap.ShardID]uint64{4: life + 1}); !errors.Is(err, os.ErrClosed) {
			t.Fatalf("noted in a closed file: %v", err)
		}
	}
}
