package segment

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// The model is the store as one would write it on paper: slices and a map.
type model struct {
	choose  func(n int) int // in [0,n)
	size    int             // of a segment
	least   int             // of a value
	streams map[uint32]modelStream
	values  map[string]string
	large   bool // named values, so that a base has several blocks, of which a crash may keep some
	serial  int
}

// modelStream is never changed in place, so that a copy of the model is cheap.
type modelStream struct {
	first   uint64
	entries []string
}

func (s modelStream) end() uint64 { return s.first + uint64(len(s.entries)) }

var streamIDs = []uint32{0, 1, 2, 3, math.MaxUint32}

func newModel(rng *rand.Rand, size int) *model {
	return &model{choose: rng.IntN, size: size, least: 1, streams: map[uint32]modelStream{}, values: map[string]string{}}
}

func (m *model) clone() *model {
	c := *m
	c.streams, c.values = maps.Clone(m.streams), maps.Clone(m.values)
	return &c
}

func (m *model) live() (n int64) {
	for _, s := range m.streams {
		for _, e := range s.entries {
			n += int64(len(e))
		}
	}
	return n
}

// text is a value that says what it is, so that no two have the same bytes.
func text(size int, what ...any) string {
	unit := fmt.Sprint(what...) + ";"
	return strings.Repeat(unit, size/len(unit)+1)[:size]
}

func (m *model) value(what ...any) string {
	m.serial++
	size := m.least + m.choose(300)
	switch k := m.choose(200); {
	case k == 0:
		size = m.size + m.choose(2*m.size)
	case k < 6:
		size = m.choose(m.size) + m.least
	case k < 20:
		size = m.least
	}
	return text(size, append(what, m.serial)...)
}

// batch changes the model and says the same in a batch.
func (m *model) batch(b *Batch) {
	for range 1 + m.choose(4) {
		id := streamIDs[m.choose(len(streamIDs))]
		s, ok := m.streams[id]
		crowded := m.live() > int64(8*m.size)
		switch k := m.choose(20); {
		case k < 2:
			key := m.key()
			size := m.choose(60)
			if m.large && m.choose(8) == 0 {
				size = m.choose(3000)
			}
			m.values[key] = text(size, key, m.serial)
			m.serial++
			b.Set([]byte(key), []byte(m.values[key]))
		case k == 2:
			key := m.key()
			delete(m.values, key)
			b.Delete([]byte(key))
		case !ok:
			m.put(b, id, uint64(m.choose(3)*m.choose(500)), 1+m.choose(5))
		case k == 3 && m.choose(4) == 0:
			m.cut(b, id, s.first, s.end())
		case k <= 5 || crowded:
			m.cut(b, id, s.first, s.first+1+uint64(m.choose(len(s.entries))))
		case k == 6:
			m.cut(b, id, s.end()-1-uint64(m.choose(len(s.entries))), s.end())
		case k == 7: // nothing is there to be cut
			b.Cut(id, s.end(), math.MaxUint64)
		case k == 8 && s.first > 0:
			b.Cut(id, 0, s.first-1)
		case k <= 10:
			m.put(b, id, s.first+uint64(m.choose(len(s.entries)+1)), 1+m.choose(5))
		default:
			m.put(b, id, s.end(), 1+m.choose(8))
		}
	}
}

func (m *model) key() string { return []string{"", "a", "b", "bb", "c", "d\x00", "d\xff"}[m.choose(7)] }

// put sets n entries from an index on.
func (m *model) put(b *Batch, id uint32, index uint64, n int) {
	s := m.streams[id]
	if len(s.entries) == 0 {
		s.first = index
	}
	s.entries = slices.Clone(s.entries)
	for i := index; i < index+uint64(n); i++ {
		v := m.value(id, "/", i, " ")
		copy(b.Put(id, i, len(v)), v)
		if i < s.end() {
			s.entries[i-s.first] = v
		} else {
			s.entries = append(s.entries, v)
		}
	}
	m.streams[id] = s
}

// cut drops [lo, hi), which reaches an end of the stream; what it says to the store may reach further.
func (m *model) cut(b *Batch, id uint32, lo, hi uint64) {
	s := m.streams[id]
	first, last := lo, hi-1
	if lo == s.first && m.choose(2) == 0 {
		first = 0
	}
	if hi == s.end() && m.choose(2) == 0 {
		last = math.MaxUint64
	}
	b.Cut(id, first, last)
	if lo == s.first {
		s.first, s.entries = hi, s.entries[hi-lo:]
	} else {
		s.entries = s.entries[:lo-s.first]
	}
	if m.streams[id] = s; len(s.entries) == 0 {
		delete(m.streams, id)
	}
}

// line is one entry of a dump. The sum stands for the bytes.
func line(b *strings.Builder, id uint32, index uint64, value []byte) {
	fmt.Fprintf(b, "%d/%d: %d %08x\n", id, index, len(value), sumOf(value))
}

func (m *model) dump() string {
	var b strings.Builder
	for _, id := range streamIDs {
		s := m.streams[id]
		for i, e := range s.entries {
			line(&b, id, s.first+uint64(i), []byte(e))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		fmt.Fprintf(&b, "%q=%q\n", key, m.values[key])
	}
	return b.String()
}

// reader is a Store or a View.
type reader interface {
	Get(key []byte, use func([]byte) error) error
	Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) error
	Entries(stream uint32, lo, hi uint64, each func(uint64, []byte) (bool, error)) error
}

// dump reads all that there is into the text of model.dump.
func dump(r reader) (string, error) {
	var b strings.Builder
	for _, id := range streamIDs {
		if err := r.Entries(id, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
			line(&b, id, i, v)
			return true, nil
		}); err != nil {
			return "", fmt.Errorf("stream %d: %w", id, err)
		}
	}
	err := r.Scan(nil, []byte("\xff"), func(key, value []byte) (bool, error) {
		fmt.Fprintf(&b, "%q=%q\n", key, value)
		return true, nil
	})
	return b.String(), err
}

func mustDump(t testing.TB, r reader) string {
	t.Helper()
	s, err := dump(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// difference is the first line in which two dumps differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: %q and not %q", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines and not %d", len(g), len(w))
}

// heldView is a view and what it has to say for as long as it is open.
type heldView struct {
	view *View
	id   uint32
	want string
}

func (m *model) hold(s *Store) heldView {
	id := streamIDs[m.choose(len(streamIDs))]
	only := m.clone()
	only.streams = map[uint32]modelStream{id: m.streams[id]}
	var keys [][]byte
	for key := range m.values {
		keys = append(keys, []byte(key))
	}
	return heldView{s.View(id, keys...), id, only.dump()}
}

func (h heldView) check(t testing.TB) {
	t.Helper()
	if got := mustDump(t, h.view); got != h.want {
		t.Fatalf("view of %d: %s", h.id, difference(got, h.want))
	}
}

// spot compares what a range of a stream, a range of keys, and a key say.
func (m *model) spot(t testing.TB, r reader) {
	t.Helper()
	id := streamIDs[m.choose(len(streamIDs))]
	s := m.streams[id]
	lo := s.first + uint64(m.choose(len(s.entries)+2))
	hi := lo + uint64(m.choose(len(s.entries)+2))
	stop := 1 + m.choose(100)
	next, n := lo, 0
	if err := r.Entries(id, lo, hi, func(i uint64, v []byte) (bool, error) {
		if i != next || i >= min(hi, s.end()) || string(v) != s.entries[i-s.first] {
			return false, fmt.Errorf("entry %d, want %d", i, next)
		}
		next, n = next+1, n+1
		return n < stop, nil
	}); err != nil {
		t.Fatalf("stream %d from %d to %d: %v", id, lo, hi, err)
	}
	if want := min(stop, int(max(min(hi, s.end()), lo)-lo)); n != want {
		t.Fatalf("stream %d, which is %d to %d, from %d to %d: %d entries and not %d", id, s.first, s.end(), lo, hi, n, want)
	}
	m.spotValues(t, r)
}

func (m *model) spotValues(t testing.TB, r reader) {
	t.Helper()
	lo, hi := m.key(), m.key()
	stop := 1 + m.choose(4)
	var got, want []string
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		if key >= lo && key < hi && len(want) < stop {
			want = append(want, key+"="+m.values[key])
		}
	}
	if err := r.Scan([]byte(lo), []byte(hi), func(key, value []byte) (bool, error) {
		got = append(got, fmt.Sprintf("%s=%s", key, value))
		return len(got) < stop, nil
	}); err != nil || !slices.Equal(got, want) {
		t.Fatalf("from %q to %q: %q, %v; want %q", lo, hi, got, err, want)
	}
	v, ok := m.values[lo]
	found := false
	if err := r.Get([]byte(lo), func(value []byte) error {
		found = true
		if string(value) != v {
			return fmt.Errorf("%q", value)
		}
		return nil
	}); err != nil || found != ok {
		t.Fatalf("%q: %v, %v; want %q", lo, found, err, v)
	}
}

// history counts what happened to the files of a store.
type history struct {
	rolled, reused, moved, removed int
	tail                           *segment
	sequence                       uint64
	seen                           map[string]bool
}

// note looks at a store after a commit of one batch.
func (h *history) note(s *Store) {
	if s.tail != h.tail && s.tail != nil {
		h.rolled++
		if h.seen[s.tail.file.name] {
			h.reused++
		}
		h.seen[s.tail.file.name] = true
		if s.sequence == h.sequence+3 { // the base, what was moved, the batch
			h.moved++
		}
	}
	h.tail, h.sequence = s.tail, s.sequence
}

func TestModel(t *testing.T) {
	var all history
	for seed := range uint64(8) {
		h := runModel(t, seed, 4<<10<<(seed%5), 1)
		all.rolled, all.reused = all.rolled+h.rolled, all.reused+h.reused
		all.moved, all.removed = all.moved+h.moved, all.removed+h.removed
	}
	t.Logf("rolled %d, of them in a file used before %d, moved %d, removed %d", all.rolled, all.reused, all.moved, all.removed)
	if all.rolled < 300 || all.reused < 150 || all.moved < 30 || all.removed < 3 {
		t.Fatal("too little happened to the files")
	}
}

// Values of no bytes are entries all the same: a segment that has nothing else is still needed.
func TestModelOfEmptyValues(t *testing.T) {
	defer func() {
		if r := recover(); r != nil {
			t.Fatal(r)
		}
	}()
	for seed := range uint64(4) {
		runModel(t, seed, 4<<10, 0)
	}
}

func runModel(t *testing.T, seed uint64, size, least int) *history {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	m := newModel(rng, size)
	m.least = least
	h := &history{seen: map[string]bool{}}
	mem := vfs.NewMem()
	makeDir(t, mem)
	opts := options(errorfs.Wrap(mem, injector(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpRemove {
			h.removed++
		}
		return nil
	})), int64(size))
	s := mustOpen(t, opts)
	var views []heldView
	var b Batch
	for step := range 1500 {
		b.Reset()
		m.batch(&b)
		mustCommit(t, s, &b, rng.IntN(3) == 0)
		h.note(s)
		m.spot(t, s)
		switch rng.IntN(30) {
		case 0, 1:
			views = append(views, m.hold(s))
		case 2, 3:
			if len(views) > 0 {
				i := rng.IntN(len(views))
				views[i].check(t)
				if err := views[i].view.Close(); err != nil {
					t.Fatal(err)
				}
				views = slices.Delete(views, i, i+1)
			}
		case 4:
			if got, want := mustDump(t, s), m.dump(); got != want {
				t.Fatalf("seed %d, step %d: %s", seed, step, difference(got, want))
			}
		case 5:
			if rng.IntN(3) > 0 {
				continue
			}
			for _, v := range views {
				v.check(t)
				v.view.Close()
			}
			views = nil
			mustClose(t, s)
			s = mustOpen(t, opts)
			if got, want := mustDump(t, s), m.dump(); got != want {
				t.Fatalf("seed %d, step %d, opened again: %s", seed, step, difference(got, want))
			}
			h.tail, h.sequence = nil, s.sequence
		}
		checkLive(t, s)
	}
	for _, v := range views {
		v.check(t)
		v.view.Close()
	}
	mustClose(t, s)
	return h
}

// checkLive counts anew what each segment is still needed for. One is given up when nothing is counted.
func checkLive(t testing.TB, s *Store) {
	t.Helper()
	entries, bytes := map[uint32]int{}, map[uint32]int64{}
	for _, str := range s.streams {
		for i := str.first; i < str.end; i++ {
			p := *str.at(i)
			entries[p.segment], bytes[p.segment] = entries[p.segment]+1, bytes[p.segment]+int64(p.size)
		}
	}
	for id, g := range s.segments {
		if (g.live > 0) != (entries[id] > 0) || g.live < bytes[id] {
			t.Fatalf("segment %d has %d entries, %d bytes, counted as %d", id, entries[id], bytes[id], g.live)
		}
		if delete(entries, id); g.pins.Load() < 0 {
			t.Fatalf("segment %d has %d pins", id, g.pins.Load())
		}
	}
	if len(entries) > 0 {
		t.Fatalf("segments that are needed and not there: %v", entries)
	}
}
