package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"syscall"

	"github.com/troupedb/troupe/actors/direct"
)

// ErrCorrupt is what does not have the bytes that were written.
var ErrCorrupt = errors.New("corrupt")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCorrupt, fmt.Errorf(format, args...))
}

// Get hands the value of a key over, if there is one. It is valid during the call only, which must not use the store.
func (s *Store) Get(key []byte, use func(value []byte) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v := s.values[string(key)]; v != nil {
		return use(*v)
	}
	return nil
}

// Scan hands over the keys from lo up to hi, hi excluded, in order, and their values, until each wants no more. They are
// valid during the call only, which must not use the store.
func (s *Store) Scan(lo, hi []byte, each func(key, value []byte) (more bool, err error)) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var keys []string
	for key := range s.values {
		if key >= string(lo) && key < string(hi) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if more, err := each([]byte(key), *s.values[key]); !more || err != nil {
			return err
		}
	}
	return nil
}

// Entries hands over the entries of a stream in [lo, hi) in order, until each wants no more. It leaves out those that are
// missing, and may end early, after one or more, where entries are replaced or moved meanwhile. A value is valid during the
// call only.
func (s *Store) Entries(stream uint32, lo, hi uint64, each func(index uint64, value []byte) (more bool, err error)) error {
	r := readings.Get().(*reading)
	defer r.close()
	for first := true; lo < hi; first = false {
		s.mu.RLock()
		str := s.streams[stream]
		if str == nil || !first && (str != r.stream || str.rewrites != r.rewrites) {
			s.mu.RUnlock()
			return nil
		}
		r.stream, r.rewrites = str, str.rewrites
		lo = r.pick(str, lo, hi, s.segments)
		s.mu.RUnlock()
		more, err := r.each(each)
		r.unpin()
		if !more || err != nil {
			return err
		}
	}
	return nil
}

// Sizes hands over how many bytes the entries of a stream in [lo, hi) have, the last one first, until each wants no more. It
// leaves out those that are missing, and reads nothing. During the call the store must not be used.
func (s *Store) Sizes(stream uint32, lo, hi uint64, each func(index uint64, size int) (more bool)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	str := s.streams[stream]
	if str == nil {
		return
	}
	lo, hi = max(lo, str.first), min(hi, str.end)
	for ; lo < hi; hi-- {
		if p := str.at(hi - 1); p.segment != 0 && !each(hi-1, int(p.size)) {
			return
		}
	}
}

const (
	maxPicked = 64
	maxGap    = 8 << 10   // what lies between two entries is read with them up to here: it costs less than a system call
	maxWindow = 256 << 10 // of entries that are read at once, unless one is larger
	maxPooled = 1 << 20
)

// reading goes through the entries of a stream.
type reading struct {
	stream   *stream
	rewrites uint64
	picked   []picked
	pinned   []*segment

	buf  []byte // of file, from offset on
	file *file
	off  int64

	reads int
}

type picked struct {
	index uint64
	place place
	file  *file
}

var readings = sync.Pool{New: func() any { return &reading{} }}

func (r *reading) close() {
	clear(r.picked)
	clear(r.pinned)
	r.stream, r.file, r.reads = nil, nil, 0
	if cap(r.buf) > maxPooled {
		r.buf = nil
	}
	readings.Put(r)
}

// pick notes where the next entries are, and returns the index after them.
func (r *reading) pick(str *stream, lo, hi uint64, segments map[uint32]*segment) uint64 {
	r.picked, r.pinned = r.picked[:0], r.pinned[:0]
	lo, hi = max(lo, str.first), min(hi, str.end)
	for ; lo < hi && len(r.picked) < maxPicked; lo++ {
		p := *str.at(lo)
		if p.segment == 0 {
			continue
		}
		g := segments[p.segment]
		if n := len(r.pinned); n == 0 || r.pinned[n-1] != g {
			g.pins.Add(1)
			r.pinned = append(r.pinned, g)
		}
		r.picked = append(r.picked, picked{lo, p, g.file})
	}
	if lo >= hi {
		return math.MaxUint64
	}
	return lo
}

// unpin gives the segments back. Then their files may be used again.
func (r *reading) unpin() {
	r.file = nil
	for _, g := range r.pinned {
		g.pins.Add(-1)
	}
}

func (r *reading) each(each func(uint64, []byte) (bool, error)) (bool, error) {
	for i := range r.picked {
		value, err := r.value(r.picked[i:])
		if err != nil {
			return false, err
		}
		if more, err := each(r.picked[i].index, value); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// value reads the first of some entries, and those that follow nearby in the file, too.
func (r *reading) value(next []picked) ([]byte, error) {
	p := &next[0]
	lo, hi := p.place.extent()
	if p.file != r.file || lo < r.off || hi > r.off+int64(len(r.buf)) {
		r.file = nil
		r.reads++
		end := window(next)
		var err error
		if r.off, r.buf, err = p.file.around(r.buf, lo, end-lo); err != nil {
			return nil, err
		}
		r.file = p.file
		// Of the rest of the last block nothing is known: a frame may be on its way there.
		r.buf = r.buf[:min(int64(len(r.buf)), end-r.off)]
		if hi > r.off+int64(len(r.buf)) {
			return nil, p.file.short(p.place)
		}
	}
	value := r.buf[lo-r.off : hi-r.off]
	return value, p.file.check(p.place, value)
}

// window is the offset up to which a file is read for the first of some entries.
func window(next []picked) int64 {
	start, end := next[0].place.extent()
	for i := range next[1:] {
		p := &next[1+i]
		lo, hi := p.place.extent()
		if p.file != next[0].file || lo < end || lo > end+maxGap || hi > start+maxWindow {
			break
		}
		end = hi
	}
	return end
}

func (p place) extent() (lo, hi int64) { return int64(p.offset), int64(p.offset) + int64(p.size) }

// around reads the blocks that have size bytes at an offset, or as many as there are, into buf or what takes its place. It
// says where they begin.
func (f *file) around(buf []byte, offset, size int64) (from int64, _ []byte, err error) {
	from = offset &^ (blockSize - 1)
	n := int((offset + size - from + blockSize - 1) &^ (blockSize - 1))
	if cap(buf) < n {
		buf = direct.Buffer(n)
	}
	whole := buf[:n]
	n, err = f.read.ReadAt(whole, from)
	if errors.Is(err, syscall.EINVAL) { // the file system does not read past the page cache after all
		if err = direct.Unset(f.read); err == nil {
			n, err = f.read.ReadAt(whole, from)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return from, buf[:n], err
}

func (f *file) check(p place, value []byte) error {
	if sumOf(value) != p.sum {
		return corrupt("%s has other %d bytes at %d", f.name, p.size, p.offset)
	}
	return nil
}

func (f *file) short(p place) error {
	return corrupt("%s ends before the %d bytes at %d", f.name, p.size, p.offset)
}

// View is some named values and one stream of a Store at one moment. It is to be closed.
type View struct{ store *Store }

// View returns a stream and the values of some keys as they are now.
func (s *Store) View(id uint32, keys ...[]byte) *View {
	s.mu.RLock()
	defer s.mu.RUnlock()
	frozen := &Store{values: map[string]*[]byte{}, streams: map[uint32]*stream{}, segments: maps.Clone(s.segments)}
	for _, key := range keys {
		if v := s.values[string(key)]; v != nil {
			frozen.values[string(key)] = new(bytes.Clone(*v))
		}
	}
	if str := s.streams[id]; str != nil {
		frozen.streams[id] = str.copy()
	}
	for _, g := range frozen.segments {
		g.pins.Add(1)
	}
	return &View{frozen}
}

// Get is as of Store.
func (v *View) Get(key []byte, use func([]byte) error) error { return v.store.Get(key, use) }

// Scan is as of Store.
func (v *View) Scan(lo, hi []byte, each func(key, value []byte) (bool, error)) error {
	return v.store.Scan(lo, hi, each)
}

// Entries is as of Store, for the stream of the view.
func (v *View) Entries(stream uint32, lo, hi uint64, each func(uint64, []byte) (bool, error)) error {
	return v.store.Entries(stream, lo, hi, each)
}

// Close gives the segments back.
func (v *View) Close() error {
	for _, g := range v.store.segments {
		g.pins.Add(-1)
	}
	return nil
}
