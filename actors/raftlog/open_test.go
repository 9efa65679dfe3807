package raftlog

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
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

// Damage that Pebble can't see: the keys of a shard don't fit together.
func TestInconsistentShardIsCorrupt(t *testing.T) {
	set := func(key, value []byte) func(*pebble.DB) error {
		return func(db *pebble.DB) error { return db.Set(key, value, pebble.Sync) }
	}
	del := func(key []byte) func(*pebble.DB) error {
		return func(db *pebble.DB) error { return db.Delete(key, pebble.Sync) }
	}
	rec := func(change func(*record)) func(*pebble.DB) error {
		return func(db *pebble.DB) error {
			r, err := readRecord(pebbleStore{db}, 4)
			if err != nil {
				return err
			}
			change(&r)
			return db.Set(recordKey(4), r.append(nil), pebble.Sync)
		}
	}
	other := snapAt(6, 2)
	entry := []byte{0, 2, 'x'}
	for name, c := range map[string]struct {
		damage func(*pebble.DB) error
		text   string
	}{
		"entry missing":               {del(entryKey(4, 7)), "entry 8 follows 6"},
		"first entry missing":         {del(entryKey(4, 6)), "entry 7 follows 5"},
		"last entry missing":          {del(entryKey(4, 10)), "entries end at 9"},
		"entry too many":              {set(entryKey(4, 11), entry), "entries end at 11"},
		"entry before the first":      {set(entryKey(4, 5), entry), "entry 5 follows 5"},
		"empty entry":                 {set(entryKey(4, 8), nil), "malformed"},
		"term falls":                  {set(entryKey(4, 8), []byte{0, 1}), "term 1 follows term 2"},
		"term beyond hard state":      {set(entryKey(4, 10), []byte{0, 9}), "hard state of term 2"},
		"odd key":                     {set(append(entryKey(4, 7), 0), entry), "among entries"},
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
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			cfg := config(t, fs)
			l := begin(t, cfg)
			if err := c.damage(l.db.(pebbleStore).db); err != nil {
				t.Fatal(err)
			}
			_, err := l.Load(4)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), Advice) {
				t.Errorf("%v", err)
			}
			mustClose(t, l)
			if c.text != "" {
				return
			}
			if _, err := Open(cfg); !errors.Is(err, ErrCorrupt) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

func TestGapIsNeverRead(t *testing.T) {
	l := begin(t, config(t, vfs.NewMem()))
	defer mustClose(t, l)
	if err := l.db.(pebbleStore).db.Delete(entryKey(4, 8), pebble.Sync); err != nil {
		t.Fatal(err)
	}
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
