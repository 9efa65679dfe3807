package replica

import (
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// failing fails one operation of a kind, or all from one on, once it is armed.
type failing struct {
	mu   sync.Mutex
	site site
	skip int  // operations that pass before
	hold bool // it goes on failing
	hits int
}

// site is a kind of operation on a kind of file.
type site struct {
	kind  errorfs.OpKind
	path  string // a part of it
	start bool   // while the node starts
	lives bool   // the node need not end of it
}

// MaybeError implements errorfs.Injector.
func (f *failing) MaybeError(op errorfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op.Kind != f.site.kind || f.site.path == "" || !strings.Contains(op.Path, f.site.path) || f.hits > 0 && !f.hold {
		return nil
	}
	if f.skip--; f.skip >= 0 {
		return nil
	}
	f.hits++
	return errorfs.ErrInjected
}

// String implements errorfs.Injector.
func (f *failing) String() string { return "failing" }

func (f *failing) arm(s site, skip int, hold bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.site, f.skip, f.hold, f.hits = s, skip, hold, 0
}

func (f *failing) disarm() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.site = site{}
	return f.hits
}

func (f *failing) hit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits > 0
}

// sites are the operations of a node's life that can fail.
var sites = []site{
	{kind: errorfs.OpFileWriteAt, path: ".segment"},
	{kind: errorfs.OpFileSyncData, path: ".segment"},
	{kind: errorfs.OpFileWriteAt, path: "durable-mark"},
	{kind: errorfs.OpCreate, path: realSnapshots, lives: true},
	{kind: errorfs.OpFileWrite, path: realSnapshots, lives: true},
	{kind: errorfs.OpFileSync, path: realSnapshots, lives: true},
	{kind: errorfs.OpRename, path: realSnapshots, lives: true},
	{kind: errorfs.OpOpenDir, path: realSnapshots, lives: true},
	{kind: errorfs.OpRemove, path: realSnapshots, lives: true},
	{kind: errorfs.OpList, path: realSnapshots, lives: true},
	{kind: errorfs.OpOpen, path: realSnapshots, start: true},
	{kind: errorfs.OpFileRead, path: realSnapshots, start: true},
	{kind: errorfs.OpOpen, path: realLog, start: true},
	{kind: errorfs.OpFileRead, path: realLog, start: true},
	{kind: errorfs.OpFileReadAt, path: realLog, start: true},
	{kind: errorfs.OpOpenDir, path: realLog, start: true},
	{kind: errorfs.OpList, path: realLog, start: true},
	{kind: errorfs.OpStat, path: realLog, start: true},
	{kind: errorfs.OpFileSync, path: "durable-mark", start: true},
}

// Whatever operation of its disk fails: the node stops, or goes on and says so where it may; on a disk that is well
// again nothing is missing that it has told anyone.
func TestRecoveryFromDiskErrors(t *testing.T) {
	wanted := 110
	if testing.Short() {
		wanted = len(sites)
	}
	s := newSaga(t, 5)
	s.soft = true
	f := &failing{}
	d := newRealDisk(s.cluster, s.one, 5, f)
	d.faulty = true
	s.startAll()
	var points []crashPoint
	met, stops := map[site]int{}, 0
	for i := 0; len(points) < wanted && i < 4*wanted && s.failed == ""; i++ {
		at := sites[i%len(sites)]
		said := len(d.lines.String()) + s.net.refused
		if !s.meet(f, at, i) {
			continue
		}
		met[at]++
		if s.one.life == nil {
			stops++
		} else if at.lives && len(d.lines.String())+s.net.refused == said {
			s.fail("nothing is said of a failure at %v of %s", at.kind, at.path)
		}
		if stopped := s.one.life == nil; stopped == at.lives && !at.start {
			s.fail("stopped: %v, after a failure at %v of %s: %v", stopped, at.kind, at.path, d.stopped())
		}
		if names, err := d.mem.List(realSnapshots); err != nil || s.one.life != nil && strings.Contains(strings.Join(names, " "), ".tmp") {
			s.fail("%v, %v left after a failure at %v of %s", err, names, at.kind, at.path)
		}
		points = append(points, d.now())
		s.again()
	}
	s.end()
	if s.failed != "" {
		t.Fatal(s.failed)
	}
	for i := range points {
		if err := s.check(&points[i]); err != nil {
			t.Fatalf("after error %d of %d: %v", i, len(points), err)
		}
	}
	t.Logf("%d errors at %d kinds of operations, %d ended the node", len(points), len(met), stops)
	if len(points) < wanted || len(met) < len(sites)-8 {
		t.Fatalf("too few were met: %v", met)
	}
}

// meet lets the first node live until the operation has failed, if it comes.
func (s *saga) meet(f *failing, at site, i int) bool {
	f.arm(at, s.rng.IntN(4), i%2 == 0)
	if at.start && s.one.life != nil {
		s.kill(s.one)
		s.start(s.one)
		s.tick(1)
	}
	for r := 0; r < 12 && !f.hit() && s.one.life != nil; r++ {
		s.round()
	}
	s.tick(2)
	return f.disarm() > 0
}

// again starts the first node on a disk that is well, as a power failure leaves it.
func (s *saga) again() {
	if s.one.life != nil {
		s.kill(s.one)
	} else {
		s.one.real.crash()
	}
	s.start(s.one)
	s.tick(2)
}

// now is a crash point at this moment.
func (d *realDisk) now() crashPoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.point(d.rng)
}
