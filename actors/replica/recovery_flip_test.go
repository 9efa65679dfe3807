package replica

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/raftlog"
)

// frozen is a disk as the end of a process leaves it, after a life with everything in it.
func frozen(t *testing.T) (*saga, crashPoint) {
	s := newSaga(t, 2)
	d := newRealDisk(s.cluster, s.one, 2, nil)
	s.startAll()
	s.run(50)
	s.kill(s.one) // tables as well
	s.start(s.one)
	for range 8 {
		s.write()
		s.tick(1)
	}
	s.end()
	d.mu.Lock()
	defer d.mu.Unlock()
	p := crashPoint{fs: cloneDisk(t, d.mem), states: d.states[d.low:], said: d.said}
	s.past = d.states
	if err := s.check(&crashPoint{cloneDisk(t, p.fs), p.states, p.said}); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func cloneDisk(t *testing.T, from *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	ok, err := vfs.Clone(from, to, "data", "data", vfs.CloneSkip(func(string) bool { return false }))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	return to
}

// filesOf lists the files of a disk that are not empty, with their sizes.
func filesOf(t *testing.T, fs vfs.FS, dir string, out map[string]int) map[string]int {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		p := fs.PathJoin(dir, name)
		info, err := fs.Stat(p)
		switch {
		case err != nil:
			t.Fatal(err)
		case info.IsDir():
			filesOf(t, fs, p, out)
		case info.Size() > 0:
			out[p] = int(info.Size())
		}
	}
	return out
}

// damage changes a file of a copy of the disk, and says how a process that finds it ends: with the same state, or
// refused by an error that says where and what to do.
func (s *saga) damage(t *testing.T, p crashPoint, file string, change func([]byte) []byte) (refused bool) {
	t.Helper()
	fs := cloneDisk(t, p.fs)
	data, err := readFile(fs, file)
	if err == nil {
		err = writeFile(fs, file, change(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	err = s.check(&crashPoint{fs, p.states, p.said})
	if err == nil {
		return false
	}
	text := err.Error()
	where := realLog
	if path.Dir(file) == realSnapshots {
		where = file
	}
	if !strings.Contains(text, where) || !strings.Contains(text, raftlog.Advice) {
		t.Errorf("%s: %.500v", file, err)
	}
	return true
}

// Any byte of any file of the disk: everything is as it was, or the node says what is damaged, and stops.
func TestFlippedByteOnDiskIsNeverSilent(t *testing.T) {
	s, p := frozen(t)
	same, refused := map[string]int{}, map[string]int{}
	total, each := 0, 90
	if testing.Short() {
		each = 10
	}
	for file, size := range filesOf(t, p.fs, "data", map[string]int{}) {
		kind := strings.TrimRight(path.Ext(file), "0123456789") + " of " + path.Dir(file)
		for i := range min(each, size) {
			total++
			at := i * size / min(each, size)
			if s.damage(t, p, file, func(b []byte) []byte { b[at] ^= 1 << (i % 8); return b }) {
				refused[kind]++
			} else {
				same[kind]++
			}
		}
	}
	t.Logf("%d flips; refused %v; without effect %v", total, refused, same)
	if total < 3*each || refused[".snap of "+realSnapshots] < each || refused[".segment of "+realLog+"/segments"] < each {
		t.Fatal("too few")
	}
}

// A file that was cut: what is lost was never promised, or it is noticed.
func TestCutFileOnDiskIsNeverSilent(t *testing.T) {
	s, p := frozen(t)
	outcome := map[string]int{}
	for file, size := range filesOf(t, p.fs, "data", map[string]int{}) {
		for i := range min(12, size) {
			refused := s.damage(t, p, file, func(b []byte) []byte { return b[:i*size/min(12, size)] })
			outcome[fmt.Sprint(path.Ext(file), " refused ", refused)]++
		}
	}
	t.Log(outcome)
}

// Where nothing says that a tail was synced, a log that was torn anywhere opens, at a state that it was in.
func TestTornTailIsAnEarlierState(t *testing.T) {
	s, p := frozen(t)
	p.states = s.past
	log, size := "", 0
	for file := range filesOf(t, p.fs, realLog, map[string]int{}) {
		data, err := readFile(p.fs, file)
		if err != nil {
			t.Fatal(err)
		}
		// After the last segment there may be a file that is made ready for the next.
		if n := len(bytes.TrimRight(data, "\x00")); path.Ext(file) == ".segment" && file > log && n > 0 {
			log, size = file, n
		}
	}
	const cuts = 80
	reached := map[string]bool{}
	for i := range cuts {
		fs := cloneDisk(t, p.fs)
		data, err := readFile(fs, log)
		if err == nil {
			err = writeFile(fs, log, data[:i*size/cuts])
		}
		if err := errors.Join(err, fs.Remove(fs.PathJoin(realLog, "durable-mark"))); err != nil {
			t.Fatal(err)
		}
		l, err := reopen(fs)
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", i*size/cuts, size, err)
		}
		at, ok := p.state(l)
		if !ok {
			t.Fatalf("cut at %d of %d: the log was never\n%v", i*size/cuts, size, l)
		}
		reached[at.String()] = true
	}
	if t.Logf("%d cuts, %d states", cuts, len(reached)); len(reached) < 3 {
		t.Fatal("too few states")
	}
}
