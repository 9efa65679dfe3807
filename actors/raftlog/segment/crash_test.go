package segment

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var (
	seedFlag  = flag.Uint64("seed", 1, "first seed of the crash tests")
	seedsFlag = flag.Uint64("seeds", 8, "number of seeds of the crash tests")
)

// crash is a disk as a power failure left it, and the commits between which it must be.
type crash struct {
	fs        *vfs.MemFS
	low, high int // the last commit that was acknowledged as durable; the one under way
	op        errorfs.OpKind
}

// crasher clones a disk, with some of the unsynced data, before writes. Once it is dead nothing reaches the disk any more,
// as if the process had been killed.
type crasher struct {
	rng *rand.Rand
	mem *vfs.MemFS

	mu        sync.Mutex
	low, high int
	crashes   []crash
	every     int
	life      int // operations until it is dead
}

var errDead = errors.New("the process is dead")

func (c *crasher) MaybeError(op errorfs.Op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life <= 0 {
		return errDead
	}
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	if c.life--; c.rng.IntN(c.every) > 0 {
		return nil
	}
	percent := []int{0, 20, 60, 100}[c.rng.IntN(4)]
	clone := c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng})
	c.crashes = append(c.crashes, crash{clone, c.low, c.high, op.Kind})
	return nil
}

func (c *crasher) String() string { return "crasher" }

func (c *crasher) at(low, high int) {
	c.mu.Lock()
	c.low, c.high = low, high
	c.mu.Unlock()
}

// generation is what one process has done with a disk.
type generation struct {
	mem     *vfs.MemFS
	states  []*model // after each commit
	dumps   []string
	low     int // the last state that is durable
	crashes []crash
}

// live runs a process on a disk that is at the first state. It ends after some operations of the disk, or some commits.
func live(t *testing.T, rng *rand.Rand, mem *vfs.MemFS, m *model, life, every int) *generation {
	t.Helper()
	g := &generation{mem: mem, states: []*model{m.clone()}, dumps: []string{m.dump()}}
	c := &crasher{rng: rng, mem: mem, every: every, life: math.MaxInt}
	opts := options(errorfs.Wrap(mem, c), int64(m.size))
	s := mustOpen(t, opts)
	if got := mustDump(t, s); got != g.dumps[0] {
		t.Fatal(difference(got, g.dumps[0]))
	}
	c.mu.Lock()
	c.life = life
	c.mu.Unlock()
	for range 50 {
		var b Batch
		sync := rng.IntN(3) == 0
		if rng.IntN(15) > 0 {
			m.batch(&b)
		}
		g.states, g.dumps = append(g.states, m.clone()), append(g.dumps, m.dump())
		c.at(g.low, len(g.states)-1)
		if s.Commit(&b, sync) != nil {
			break
		}
		if sync {
			g.low = len(g.states) - 1
		}
		c.at(g.low, len(g.states)-1)
	}
	c.mu.Lock()
	c.life = 0
	c.mu.Unlock()
	s.out.file, s.err = nil, errDead // Close leaves the disk as it is
	_ = s.Close()
	g.crashes = c.crashes
	return g
}

// find says which of some states a disk is at, the last one if there are several.
func (g *generation) find(t *testing.T, fs vfs.FS, low, high int) (int, error) {
	t.Helper()
	s, err := Open(options(fs, int64(g.states[0].size)))
	if err != nil {
		return 0, err
	}
	defer mustClose(t, s)
	got, err := dump(s)
	if err != nil {
		return 0, err
	}
	for i := high; i >= low; i-- {
		if g.dumps[i] == got {
			return i, nil
		}
	}
	return 0, fmt.Errorf("at none of the commits %d to %d; %s", low, high, difference(got, g.dumps[low]))
}

// check opens the disk twice: it must say the same both times, be at one of the states in question, and go on from there.
func (g *generation) check(t *testing.T, at crash) error {
	t.Helper()
	before := contents(t, at.fs)
	i, err := g.find(t, at.fs, at.low, at.high)
	if err != nil {
		return err
	}
	if len(before) != len(contents(t, at.fs)) {
		return errors.New("Open has changed files")
	}
	fs := cloneMem(t, at.fs)
	opts := options(fs, int64(g.states[0].size))
	s := mustOpen(t, opts)
	if got := mustDump(t, s); got != g.dumps[i] {
		return fmt.Errorf("first at commit %d, then %s", i, difference(got, g.dumps[i]))
	}
	m := g.states[i].clone()
	for range 3 {
		var b Batch
		m.batch(&b)
		mustCommit(t, s, &b, true)
	}
	mustClose(t, s)
	s = mustOpen(t, opts)
	defer mustClose(t, s)
	if got, want := mustDump(t, s), m.dump(); got != want {
		return fmt.Errorf("after more commits: %s", difference(got, want))
	}
	return nil
}

// seeds are fewer for the race detector, which runs with -short: nothing is shared here.
func seeds() uint64 {
	if testing.Short() {
		return min(*seedsFlag, 1)
	}
	return *seedsFlag
}

// Power fails, again and again, each time on the disk that the time before has left.
func TestCrashes(t *testing.T) {
	n, refused, kinds := 0, 0, map[errorfs.OpKind]int{}
	for i := range seeds() {
		rng := rand.New(rand.NewPCG(*seedFlag+i, 1))
		mem := vfs.NewCrashableMem()
		makeDir(t, mem)
		m := newModel(rng, 4<<10<<(i%3))
		m.large = i%2 == 0
		for depth := range 5 {
			g := live(t, rng, mem, m, math.MaxInt, 3)
			var next *crash
			at := 0
			for j, c := range g.crashes {
				n, kinds[c.op] = n+1, kinds[c.op]+1
				if err := g.check(t, c); errors.Is(err, ErrCorrupt) {
					if refused++; refused <= 3 {
						t.Errorf("seed %d, depth %d, crash %d, commits %d to %d: %v", *seedFlag+i, depth, j, c.low, c.high, err)
					}
				} else if err != nil {
					t.Fatalf("seed %d, depth %d, crash %d: %v", *seedFlag+i, depth, j, err)
				} else if next == nil || rng.IntN(10) == 0 {
					next = &g.crashes[j]
				}
			}
			if next == nil {
				t.Fatalf("seed %d: no crash that can be opened", *seedFlag+i)
			}
			at, _ = g.find(t, next.fs, next.low, next.high)
			mem, m = next.fs, g.states[at].clone()
		}
	}
	t.Logf("%d crash points, before operations %v", n, kinds)
	if refused > 0 {
		t.Errorf("%d of %d crash points are called damage", refused, n)
	}
	if seeds() >= 8 && (n < 800 || kinds[errorfs.OpFileSync] < 50 || kinds[errorfs.OpRemove] < 10) {
		t.Fatal("too few crash points")
	}
}

// The process is killed, again and again, and power fails in the end. What was written before a kill and read after it
// must not be lost once something is durable that was committed after it.
func TestKillsThenPowerFailure(t *testing.T) {
	n, failed := 0, 0
	for i := range seeds() {
		rng := rand.New(rand.NewPCG(*seedFlag+i, 2))
		mem := vfs.NewCrashableMem()
		makeDir(t, mem)
		m := newModel(rng, 4<<10<<(i%3))
		m.large = i%2 == 0
		for depth := range 8 {
			g := live(t, rng, mem, m, 1+rng.IntN(60), 4)
			for j, c := range g.crashes {
				if c.low == 0 { // what is durable may be a state of an earlier process
					continue
				}
				n++
				if err := g.check(t, c); err != nil {
					if failed++; failed <= 3 {
						t.Errorf("seed %d, process %d, crash %d, commits %d to %d: %v", *seedFlag+i, depth, j, c.low, c.high, err)
					}
				}
			}
			at, err := g.find(t, mem, max(len(g.states)-2, 0), len(g.states)-1)
			if err != nil {
				t.Fatalf("seed %d, process %d, killed: %v", *seedFlag+i, depth, err)
			}
			m = g.states[at].clone()
		}
	}
	t.Logf("%d crash points", n)
	if failed > 0 {
		t.Errorf("%d of %d crash points", failed, n)
	}
	if seeds() >= 8 && n < 200 {
		t.Fatal("too few crash points")
	}
}

func TestCloseIsDurable(t *testing.T) {
	l := newLedger(t, 16<<10)
	l.until(t, 3, func(int) bool { return false })
	mustClose(t, l.store)
	l.opens(t, l.mem.CrashClone(vfs.CrashCloneCfg{}), len(l.dumps)-1, "power failed after Close")
}

// A Commit of nothing makes durable what was committed before it.
func TestEmptyCommitIsDurable(t *testing.T) {
	l := newLedger(t, 16<<10)
	l.until(t, 3, func(int) bool { return false })
	mustCommit(t, l.store, &Batch{}, true)
	l.opens(t, l.mem.CrashClone(vfs.CrashCloneCfg{}), len(l.dumps)-1, "power failed after a Commit of nothing")
}

// A process was killed when it had created a file, and before the directory was synced. The next one uses that file.
func TestFileOfAKilledProcessIsDurable(t *testing.T) {
	mem := vfs.NewCrashableMem()
	makeDir(t, mem)
	for _, name := range []string{"00000001", "00000002"} { // so that no other is created
		f, err := mem.OpenReadWrite(mem.PathJoin(testDir, name+suffix), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, options(mem, 16<<10))
	var b Batch
	b.Set([]byte("a"), []byte("acknowledged"))
	mustCommit(t, s, &b, true)
	if s.number != 2 {
		t.Fatal("neither was used")
	}
	after := mem.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	s = mustOpen(t, options(after, 16<<10))
	defer mustClose(t, s)
	if got := mustDump(t, s); !strings.Contains(got, "acknowledged") {
		t.Fatalf("%q", got)
	}
}

// A base of any size is as durable as what was committed behind it.
func TestBaseOfAnySize(t *testing.T) {
	large := make([]byte, bufferSize+1<<20)
	behind := map[string]func(t *testing.T, s *Store, b *Batch){
		"a synced batch": func(t *testing.T, s *Store, b *Batch) { mustCommit(t, s, b, true) },
		"one that is not, and a sync": func(t *testing.T, s *Store, b *Batch) {
			mustCommit(t, s, b, false)
			mustCommit(t, s, &Batch{}, true)
		},
		"one that is not, and a large one that is": func(t *testing.T, s *Store, b *Batch) {
			mustCommit(t, s, b, false)
			b.Reset()
			b.Set([]byte("large"), large)
			mustCommit(t, s, b, true)
		},
	}
	for _, size := range []int{100, slideSize - 4<<10, slideSize + 1, len(large)} {
		for name, commit := range behind {
			t.Run(fmt.Sprintf("%d bytes, %s", size, name), func(t *testing.T) {
				mem := vfs.NewCrashableMem()
				makeDir(t, mem)
				s := mustOpen(t, options(mem, 16<<10))
				var b Batch
				b.Set([]byte("base"), large[:size])
				mustCommit(t, s, &b, true)
				for i, last := uint64(0), s.last; s.last < last+3; i++ {
					b.Reset()
					copy(b.Put(1, i, 5<<10), text(5<<10, i))
					commit(t, s, &b)
				}
				want := mustDump(t, s)
				after := mustOpen(t, options(mem.CrashClone(vfs.CrashCloneCfg{}), 16<<10))
				if got := mustDump(t, after); got != want {
					t.Fatal(difference(got, want))
				}
				mustClose(t, after)
				mustClose(t, s)
			})
		}
	}
}
