package raftlog

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/actors/raftlog/segment"
)

func isCompacted(err error) bool { return errors.Is(err, raft.ErrCompacted) }

const lockEnv = "RAFTLOG_TEST_LOCK_DIR"

// TestMain lets the test binary be the second process.
func TestMain(m *testing.M) {
	if dir := os.Getenv(lockEnv); dir != "" {
		l, err := Open(Config{Dir: dir, Fatal: func(error) {}})
		if err == nil {
			_ = l.Close()
			os.Exit(0)
		}
		_, _ = os.Stdout.WriteString(err.Error())
		if errors.Is(err, ErrLocked) {
			os.Exit(3)
		}
		os.Exit(4)
	}
	os.Exit(m.Run())
}

func secondProcess(t *testing.T, dir string) (int, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockEnv+"="+dir)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	} else if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "log")
	cfg := Config{Dir: dir, Fatal: func(err error) { t.Error(err) }}
	l := mustOpen(t, cfg)
	if _, err := Open(cfg); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("same process: %v", err)
	}
	if code, out := secondProcess(t, dir); code != 3 || !strings.Contains(out, dir) {
		t.Fatalf("second process: exit %d, %s", code, out)
	}
	mustClose(t, l)
	if code, out := secondProcess(t, dir); code != 0 {
		t.Fatalf("after the lock was given back: exit %d, %s", code, out)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []Config{
		{}, {Dir: "d"}, {Fatal: func(error) {}}, {Dir: "d", Fatal: func(error) {}, Fsync: 9},
	} {
		cfg.FS = vfs.NewMem()
		if _, err := Open(cfg); err == nil {
			t.Errorf("%+v", cfg)
		}
	}
}

// tables is a Store in which anything can be put where it does not belong.
type tables struct {
	values  map[string][]byte
	entries map[uint64][]byte // of shard 4
}

func (s *tables) Get(key []byte, use func([]byte) error) error {
	if v, ok := s.values[string(key)]; ok {
		return use(v)
	}
	return nil
}

func (s *tables) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) error {
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if key < string(lo) || key >= string(hi) {
			continue
		}
		if more, err := each([]byte(key), s.values[key]); !more || err != nil {
			return err
		}
	}
	return nil
}

func (s *tables) Entries(_ uint32, lo, hi uint64, each func(uint64, []byte) (bool, error)) error {
	for _, index := range slices.Sorted(maps.Keys(s.entries)) {
		if index < lo || index >= hi {
			continue
		}
		if more, err := each(index, s.entries[index]); !more || err != nil {
			return err
		}
	}
	return nil
}

func (s *tables) Sizes(_ uint32, lo, hi uint64, each func(uint64, int) bool) {
	for _, index := range slices.Backward(slices.Sorted(maps.Keys(s.entries))) {
		if index >= lo && index < hi && !each(index, len(s.entries[index])) {
			return
		}
	}
}

func (s *tables) View(uint32, ...[]byte) View { return s }
func (s *tables) Close() error                { return nil }

func (s *tables) Commit(b *segment.Batch, _ bool) error {
	for ops := segment.Read(bytes.Clone(b.Bytes())); ; {
		op, ok, err := ops.Next()
		if err != nil || !ok {
			return err
		}
		switch op.Kind {
		case segment.Put:
			s.entries[op.First] = op.Value
		case segment.Cut:
			maps.DeleteFunc(s.entries, func(i uint64, _ []byte) bool { return i >= op.First && i <= op.Last })
		case segment.Set:
			s.values[string(op.Key)] = op.Value
		case segment.Delete:
			delete(s.values, string(op.Key))
		}
	}
}

// Damage that no checksum shows: what there is of a shard does not fit together.
func TestInconsistentShardIsCorrupt(t *testing.T) {
	put := func(index uint64, value []byte) func(*tables) {
		return func(s *tables) { s.entries[index] = value }
	}
	gone := func(index uint64) func(*tables) {
		return func(s *tables) { delete(s.entries, index) }
	}
	set := func(key, value []byte) func(*tables) {
		return func(s *tables) { s.values[string(key)] = value }
	}
	del := func(key []byte) func(*tables) {
		return func(s *tables) { delete(s.values, string(key)) }
	}
	rec := func(change func(*record)) func(*tables) {
		return func(s *tables) {
			r, err := readRecord(s, 4)
			if err != nil {
				panic(err)
			}
			change(&r)
			s.values[string(recordKey(4))] = r.append(nil)
		}
	}
	other := snapAt(6, 2)
	entry := []byte{0, 2, 'x'}
	for name, c := range map[string]struct {
		damage func(*tables)
		text   string
	}{
		"entry missing":               {gone(7), "entry 8 follows 6"},
		"first entry missing":         {gone(6), "entry 7 follows 5"},
		"last entry missing":          {gone(10), "entries end at 9"},
		"entry too many":              {put(11, entry), "entries end at 11"},
		"entry before the first":      {put(5, entry), "entry 5 follows 5"},
		"empty entry":                 {put(8, nil), "malformed"},
		"term falls":                  {put(8, []byte{0, 1}), "term 1 follows term 2"},
		"term beyond hard state":      {put(10, []byte{0, 9}), "hard state of term 2"},
		"snapshot missing":            {del(snapshotKey(4)), "record names"},
		"other snapshot":              {set(snapshotKey(4), appendSnapshot(nil, &other)), "record names"},
		"snapshot unreadable":         {set(snapshotKey(4), []byte("?")), "snapshot"},
		"gap after the snapshot":      {rec(func(r *record) { r.truncated.Index = 7 }), "gap between"},
		"log ends before snapshot":    {rec(func(r *record) { r.last = 3 }), "before the snapshot"},
		"commit beyond last":          {rec(func(r *record) { r.commit = 11 }), "commit index 11"},
		"commit before first":         {rec(func(r *record) { r.commit = 4 }), "commit index 4"},
		"removed replica with data":   {rec(func(r *record) { r.replica = 0 }), "no replica"},
		"replica below its tombstone": {rec(func(r *record) { r.tombstone = 7 }), "was removed"},
		"record missing":              {del(recordKey(4)), ""},
		"record unreadable":           {set(recordKey(4), []byte{0xc1}), ""},
		"record of the future":        {set(recordKey(4), []byte{0x92, 9, 0xc2}), ""},
		"odd key":                     {set(append(recordKey(4), 0), entry), ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := &tables{map[string][]byte{}, map[uint64][]byte{}}
			cfg := config(t, vfs.NewMem())
			cfg.Store = store
			l := begin(t, cfg)
			c.damage(store)
			if c.text != "" {
				_, err := l.Load(4)
				if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), Advice) {
					t.Errorf("%v", err)
				}
			}
			mustClose(t, l)
			if c.text == "" {
				if _, err := Open(cfg); !errors.Is(err, ErrCorrupt) {
					t.Errorf("open: %v", err)
				}
			}
		})
	}
}

func TestGapIsNeverRead(t *testing.T) {
	store := &tables{map[string][]byte{}, map[uint64][]byte{}}
	cfg := config(t, vfs.NewMem())
	cfg.Store = store
	l := begin(t, cfg)
	defer mustClose(t, l)
	delete(store.entries, 8)
	if es, err := l.Entries(4, 6, 11, 1<<20); err != nil || datas(es) != "6:2:a 7:2:b" {
		t.Fatal(datas(es), err)
	}
	if _, err := l.Entries(4, 8, 11, 1<<20); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if _, err := l.Term(4, 8); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
}
