package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ledger is a store on a disk, and what it said after each commit.
type ledger struct {
	mem   *vfs.MemFS
	opts  Options
	store *Store
	model *model

	dumps  []string
	tails  []*segment
	ends   []int64 // of the frame of each commit, in its segment
	synced int     // the last commit that is durable
}

func newLedger(t testing.TB, size int) *ledger {
	t.Helper()
	l := &ledger{mem: vfs.NewCrashableMem(), model: newModel(rand.New(rand.NewPCG(7, 7)), size)}
	makeDir(t, l.mem)
	l.opts = options(l.mem, int64(size))
	l.store = mustOpen(t, l.opts)
	return l
}

func (l *ledger) commit(t testing.TB, sync bool) {
	t.Helper()
	var b Batch
	l.model.batch(&b)
	if len(l.dumps) < 5 { // some old entries that stay
		l.model.put(&b, streamIDs[4], l.model.streams[streamIDs[4]].end(), 1)
	}
	mustCommit(t, l.store, &b, sync)
	l.dumps, l.tails = append(l.dumps, l.model.dump()), append(l.tails, l.store.tail)
	l.ends = append(l.ends, l.store.tail.end)
	if sync {
		l.synced = len(l.dumps) - 1
	}
}

// until commits until the tail has some frames of at least four commits.
func (l *ledger) until(t testing.TB, segments uint32, sync func(i int) bool) {
	t.Helper()
	for i := 0; l.store.last < segments || len(l.tails) < 8 || l.tails[len(l.tails)-4] != l.store.tail; i++ {
		l.commit(t, sync(i))
	}
}

func always(int) bool { return true }

// opens expects a disk to be at the state after a commit, and to go on from there.
func (l *ledger) opens(t testing.TB, fs *vfs.MemFS, commit int, name string, args ...any) {
	t.Helper()
	opts := l.opts
	opts.FS = fs
	s, err := Open(opts)
	if err != nil {
		t.Errorf(name+": %v", append(args, err)...)
		return
	}
	if got := mustDump(t, s); got != l.dumps[commit] {
		t.Errorf(name+": not at commit %d of %d: %s", append(args, commit, len(l.dumps)-1, difference(got, l.dumps[commit]))...)
	}
	before := mustDump(t, s)
	var b Batch
	b.Set([]byte("zz"), []byte("after"))
	mustCommit(t, s, &b, true)
	mustClose(t, s)
	s = mustOpen(t, opts)
	defer mustClose(t, s)
	if got := mustDump(t, s); got != before+"\"zz\"=\"after\"\n" {
		t.Errorf(name+": after a commit: %s", append(args, difference(got, before))...)
	}
}

func (l *ledger) tail() string { return l.store.tail.file.name }

func TestTornTail(t *testing.T) {
	l := newLedger(t, 16<<10)
	l.until(t, 4, always)
	for range 3 {
		l.commit(t, false)
	}
	if l.tails[l.synced] != l.store.tail {
		t.Fatal("the unsynced commits are in a segment of their own")
	}
	frozen := cloneMem(t, l.mem)
	file := read(t, frozen, l.tail())
	rng := rand.New(rand.NewPCG(1, 2))
	for cut := l.ends[l.synced]; cut < l.store.tail.end; cut += 13 {
		want := l.synced
		for l.ends[want+1] <= cut {
			want++
		}
		fs := cloneMem(t, frozen)
		write(t, fs, l.tail(), file[:cut])
		l.opens(t, fs, want, "cut at %d", cut)
		rest := make([]byte, l.store.tail.end-cut)
		overwrite(t, fs, l.tail(), cut, rest)
		for i := range rest {
			rest[i] = byte(rng.Uint32())
		}
		fs = cloneMem(t, frozen)
		overwrite(t, fs, l.tail(), cut, rest)
		l.opens(t, fs, want, "scrambled from %d", cut)
		if t.Failed() {
			return
		}
	}
}

// Nothing says in which order writes reach a disk before they are synced.
func TestLaterFrameWithoutEarlierOne(t *testing.T) {
	l := newLedger(t, 16<<10)
	l.until(t, 4, always)
	for range 4 {
		l.commit(t, false)
	}
	if l.tails[l.synced] != l.store.tail {
		t.Fatal("the unsynced commits are in a segment of their own")
	}
	for lost := l.synced + 1; lost < len(l.ends)-1; lost++ {
		fs := cloneMem(t, l.mem)
		at := l.ends[lost-1]
		overwrite(t, fs, l.tail(), at, make([]byte, l.ends[lost]-at))
		l.opens(t, fs, lost-1, "commit %d of %d is lost", lost, len(l.ends)-1)
	}
}

// withoutBase is a disk on which a segment was begun, of which only the frame after the base has survived. last is the
// commit of that frame.
func withoutBase(t testing.TB) (l *ledger, fs *vfs.MemFS, kept []byte, last int) {
	t.Helper()
	l = newLedger(t, 16<<10)
	l.until(t, 4, always)
	for tail := l.store.tail; l.store.tail == tail; {
		l.commit(t, false)
	}
	fs = l.mem.CrashClone(vfs.CrashCloneCfg{})
	file := read(t, l.mem, l.tail())
	fr, ok := parseFrame(file)
	if !ok {
		t.Fatal("no base")
	}
	base := frameHeader + len(fr.content)
	overwrite(t, fs, l.tail(), int64(base), file[base:])
	return l, fs, file[base:], len(l.ends) - 1
}

// A segment begins unsynced, too: its base may be lost, and not the frame after it.
func TestLaterFrameWithoutBase(t *testing.T) {
	l, fs, _, last := withoutBase(t)
	if _, ok := parseFrame(read(t, fs, l.tail())); !ok {
		last-- // with its base the frame is lost
	}
	l.opens(t, fs, last, "the base is lost and not the frame after it, neither of which was synced")
}

// The segment is begun again: what is left of the first attempt fits behind its base, and is no part of it.
func TestLostFrameDoesNotComeBack(t *testing.T) {
	l, fs, kept, last := withoutBase(t)
	opts := l.opts
	opts.FS = fs
	s := mustOpen(t, opts)
	var b Batch
	b.Set([]byte("zz"), []byte("the second attempt"))
	mustCommit(t, s, &b, false)
	name, based := s.tail.file.name, s.based
	if s.last != l.store.last {
		t.Skip("the base is durable before the first frame: there is one attempt only")
	}
	if based != l.store.based {
		t.Fatal("the bases are not of one size")
	}
	fs = cloneMem(t, fs)
	mustClose(t, s)
	overwrite(t, fs, name, based, kept)
	l.opens(t, fs, last-1, "a frame of the first attempt behind the base of the second")
}

// Behind the end are frames that are none: of another segment, or of another place in this one.
func TestFramesBehindTheEnd(t *testing.T) {
	l := newLedger(t, 16<<10)
	l.until(t, 4, always)
	last := len(l.ends) - 1
	tail := l.store.tail
	file := read(t, l.mem, l.tail())
	var b Batch
	b.Set([]byte("a"), []byte("wrong"))
	foreign := frame{nonce: tail.nonce + 1, sequence: l.store.sequence + 1, durable: uint32(tail.end), content: b.Bytes()}
	skipped := frame{nonce: tail.nonce, sequence: l.store.sequence + 2, durable: uint32(tail.end), content: b.Bytes()}
	for name, junk := range map[string][]byte{
		"own frame again": file[l.ends[last-1]:l.ends[last]],
		"earlier ones":    file[l.ends[last-3]:l.ends[last-1]],
		"another segment": foreign.bytes(),
		"one is missing":  skipped.bytes(),
		"no size":         make([]byte, frameHeader),
	} {
		fs := cloneMem(t, l.mem)
		overwrite(t, fs, l.tail(), tail.end, junk)
		l.opens(t, fs, last, "%s", name)
	}
}

func (f *frame) bytes() []byte {
	h := make([]byte, frameHeader)
	f.header(h)
	return append(h, f.content...)
}
