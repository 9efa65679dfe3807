package segment

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/direct"
	"github.com/troupedb/troupe/actors/discard"
)

// Options of a Store. FS and Dir are required; the directory exists.
type Options struct {
	FS     vfs.FS
	Dir    string
	Size   int64 // of a segment, in bytes; 0: 16 MiB
	Cached bool  // write through the page cache: for who syncs seldom

	Async   *atomic.Uint64 // counts writes that the kernel made while no thread waited; nil: nobody wants to know
	Low     func() bool    // the disk is nearly full: files are deleted at once; nil: it never is. The goroutine of Commit
	NoAsync func(error)    // told once why a thread waits for what could be theirs, on the goroutine of Commit; nil: nobody
}

const (
	defaultSize = 16 << 20
	firstSize   = 1 << 20
	maxSize     = 1 << 30
)

// bypass has a file read and written past the page cache, if it is to be and can be.
func (o *Options) bypass(f vfs.File) bool { return !o.Cached && direct.Bypass(f) }

// Store is a store of entries and named values.
type Store struct {
	opts Options

	mu       sync.RWMutex       // of what readers see; only Commit changes it
	values   map[string]*[]byte // behind a pointer, for the key is copied whenever a map is written to
	streams  map[uint32]*stream
	segments map[uint32]*segment // that hold what is read, or have not been given up yet

	// The rest is Commit's.

	tail     *segment // nil: none was begun since Open
	last     uint32   // the highest id
	next     uint32   // tag of the segment after the last
	sequence uint64   // of the last frame
	durable  int64    // of the tail
	based    int64    // of the tail: what it began with ends there
	out      output
	files    map[*file]struct{}
	spares   []*file // of them, that may be written to
	released []*file // of them, that may be once the tail is durable, which does not list them
	number   uint64  // the highest of a file
	cutting  bool    // something was dropped since reclaim looked
	moving   moving
	reserve  *reserve
	header   [frameHeader]byte
	scratch  []byte // of Open
	err      error  // of a write; final
}

// segment is a file in use.
type segment struct {
	id     uint32
	nonce  uint64
	file   *file
	end    int64        // of its frames
	frames int64        // how many, of the tail
	live   int64        // bytes of entries that are still read, each with its header: none is nothing
	pins   atomic.Int32 // readers
}

// file is a file of the store. It becomes one segment after the other.
type file struct {
	name  string
	read  vfs.File
	fresh bool // read past the page cache, for what is there is changed past it
}

// Commit makes a batch readable; with sync all that was committed is durable when it returns. An error is final. The batch
// is not kept. One goroutine at a time.
func (s *Store) Commit(b *Batch, sync bool) error {
	if s.err == nil {
		s.err = s.commit(b, sync)
	}
	return s.err
}

func (s *Store) commit(b *Batch, sync bool) error {
	if b.Empty() {
		if sync {
			return s.sync()
		}
		return nil
	}
	if s.tail == nil || s.full(int64(b.Len())) {
		if err := s.roll(); err != nil {
			return err
		}
	}
	if err := s.move(); err != nil {
		return err
	}
	if err := s.append(b, sync); err != nil {
		return err
	}
	if s.cutting {
		if err := s.reclaim(); err != nil {
			return err
		}
	}
	return s.discard()
}

// reclaim begins the next segment, durably, where so many are read no more that they are not to wait until the tail is full:
// on a disk that is too full for more entries it never would be.
func (s *Store) reclaim() error {
	s.cutting = false
	if s.waste() <= slackSegments*s.opts.Size {
		return nil
	}
	if err := s.roll(); err != nil {
		return err
	}
	return s.sync()
}

// waste is the size of the segments that are read no more.
func (s *Store) waste() int64 {
	waste := int64(0)
	for _, g := range s.segments {
		if g != s.tail && g.live == 0 && g.pins.Load() == 0 {
			waste += g.end
		}
	}
	return waste
}

// full reports whether a frame is for the next segment. A tail that little was committed to becomes larger instead, so
// that neither large frames nor a large base make segments of one frame each.
func (s *Store) full(size int64) bool {
	limit := s.size(s.tail.id)
	return s.tail.end+frameHeader+size > limit && s.tail.end-s.based > limit/4
}

// size is about how large a segment becomes. The first ones are small: their files grow, where most of the later ones
// have been filled ahead, see reserve.
func (s *Store) size(id uint32) int64 {
	return min(s.opts.Size, firstSize<<min(id-1, 10))
}

func (s *Store) append(b *Batch, sync bool) error {
	at, w := s.tail.end+frameHeader, now
	if sync {
		w = durably
	}
	if err := s.write(b.Bytes(), w); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apply(b.Bytes(), s.tail, at)
}

// write adds a frame to the tail.
func (s *Store) write(content []byte, w when) error {
	if s.tail.end+frameHeader+int64(len(content)) > maxSize {
		return fmt.Errorf("%s: %d bytes more than its %d", s.tail.file.name, len(content), s.tail.end)
	}
	f := frame{nonce: s.tail.nonce, sequence: s.sequence + 1, durable: uint32(s.durable), content: content}
	f.header(s.header[:])
	if err := s.out.write(s.header[:], content, w); err != nil {
		return fmt.Errorf("writing %s: %w", s.tail.file.name, err)
	}
	s.sequence++
	s.tail.frames++
	s.tail.end += frameHeader + int64(len(content))
	if w == durably {
		s.durable = s.tail.end
	}
	s.reserve.advance(s.tail)
	return nil
}

func (s *Store) sync() error {
	if s.tail == nil || s.durable == s.tail.end {
		return nil
	}
	if err := s.out.sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", s.tail.file.name, err)
	}
	s.durable = s.tail.end
	return nil
}

// apply makes the changes of a batch, whose bytes are at an offset of a segment, readable.
func (s *Store) apply(changes []byte, in *segment, offset int64) error {
	ops := Read(changes)
	for {
		op, ok, err := ops.Next()
		switch {
		case err != nil || !ok:
			return err
		case op.Kind == Put:
			at := offset + int64(len(changes)-ops.left()-len(op.Value))
			err = s.put(&op, in, at)
		case op.Kind == Cut:
			err = s.cut(&op)
		case op.Kind == Set:
			s.set(&op)
		case op.Kind == Delete:
			delete(s.values, string(op.Key))
		}
		if err != nil {
			return err
		}
	}
}

func (s *Store) set(op *Op) {
	if v := s.values[string(op.Key)]; v != nil {
		*v = append((*v)[:0], op.Value...)
		return
	}
	s.values[string(op.Key)] = new(bytes.Clone(op.Value))
}

func (s *Store) put(op *Op, in *segment, at int64) error {
	str := s.streams[op.Stream]
	if str == nil {
		str = &stream{}
		s.streams[op.Stream] = str
	}
	p := place{segment: in.id, offset: uint32(at), size: uint32(len(op.Value)), sum: sumOf(op.Value)}
	old, ok := str.put(op.First, p)
	if !ok {
		return fmt.Errorf("stream %d: entry %d, and there are %d to %d", op.Stream, op.First, str.first, str.end-1)
	}
	in.live += p.weight()
	s.dead(old)
	return nil
}

func (s *Store) cut(op *Op) error {
	str := s.streams[op.Stream]
	if str == nil {
		return nil
	}
	if !str.cut(op.First, op.Last, s.dead) {
		return fmt.Errorf("stream %d: %d to %d cut from %d to %d", op.Stream, op.First, op.Last, str.first, str.end-1)
	}
	s.cutting = true
	if str.first == str.end {
		delete(s.streams, op.Stream)
	}
	return nil
}

func (s *Store) dead(p place) {
	if in := s.segments[p.segment]; in != nil {
		in.live -= p.weight()
	}
}

// roll begins a new segment.
func (s *Store) roll() error {
	if err := s.sync(); err != nil { // what the new one says of the old one must be true after any crash
		return err
	}
	s.settle()
	f, err := s.take()
	if err != nil {
		return err
	}
	s.release()
	if err := s.begin(f); err != nil {
		return err
	}
	s.based = s.tail.end
	s.clean()
	s.provide()
	return nil
}

// begin makes a file the tail. Nothing in it is durable until something is synced, and nothing depends on it until then. The
// base may not be in the file before the next write, which comes before Commit returns; nobody reads it there.
func (s *Store) begin(f *file) error {
	if err := errors.Join(f.refresh(&s.opts), s.out.open(&s.opts, f.name)); err != nil {
		return fmt.Errorf("opening %s: %w", f.name, err)
	}
	base := base{id: s.last + 1, next: rand.Uint32()}
	for _, g := range s.segments {
		base.segments = append(base.segments, listed{g.id, g.nonce, g.end})
	}
	slices.SortFunc(base.segments, func(a, b listed) int { return int(a.id) - int(b.id) })
	for id, str := range s.streams {
		base.streams = append(base.streams, extent{id, str.first, str.end})
	}
	var values Batch
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		values.Set([]byte(key), *s.values[key])
	}
	base.values = values.Bytes()
	s.tail = &segment{id: base.id, nonce: newNonce(s.next), file: f}
	s.last, s.next, s.durable = base.id, base.next, 0
	if err := s.write(base.append(nil), later); err != nil {
		return err
	}
	s.reserve.restart()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments[s.tail.id] = s.tail
	return nil
}

// release gives up the segments of which nothing is read.
func (s *Store) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, g := range s.segments {
		if g.live == 0 && g.pins.Load() == 0 {
			delete(s.segments, id)
			s.released = append(s.released, g.file)
		}
	}
}

// take returns a file for the next segment. Those that the tail lists are not touched: were the next segment lost in a crash,
// the tail would be the last again.
func (s *Store) take() (*file, error) {
	if n := len(s.spares); n > 0 {
		f := s.spares[n-1]
		s.spares = s.spares[:n-1]
		return f, nil
	}
	if f := s.reserve.take(); f != nil {
		s.reserve = nil
		return f, nil
	}
	return s.create()
}

// create makes a file.
func (s *Store) create() (*file, error) {
	s.number++
	f := &file{name: s.opts.FS.PathJoin(s.opts.Dir, fmt.Sprintf("%08d%s", s.number, suffix))}
	w, err := s.opts.FS.OpenReadWrite(f.name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", f.name, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := f.refresh(&s.opts); err != nil {
		return nil, err
	}
	s.files[f] = struct{}{}
	return f, SyncDir(s.opts.FS, s.opts.Dir)
}

// refresh has a file that is going to be written read past the page cache.
func (f *file) refresh(opts *Options) error {
	if f.fresh {
		return nil
	}
	r, err := opts.FS.Open(f.name)
	if err != nil {
		return err
	}
	opts.bypass(r)
	if f.read != nil {
		err = f.read.Close()
	}
	f.read, f.fresh = r, true
	return err
}

const suffix = ".segment"

// SyncDir makes the names in a directory durable.
func SyncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// settle makes spares of the files that were released, once the tail is durable.
func (s *Store) settle() {
	if s.tail != nil && s.durable >= s.based {
		s.spares = append(s.spares, s.released...)
		s.released = s.released[:0]
	}
}

const (
	maxRemoved = 32 // files that are removed with one Commit, which waits for that
	maxPending = 64 // files of the process whose blocks are still to be given back; no more are removed meanwhile
)

// discard removes files that are too many. Their blocks go piece by piece, but on a disk that is nearly full.
func (s *Store) discard() error {
	if len(s.released) > 0 {
		s.settle()
	}
	low := s.opts.Low != nil && s.opts.Low()
	for range maxRemoved {
		if len(s.spares) <= max(2, len(s.segments)/2) || !low && discard.Pending() >= maxPending {
			break
		}
		f := s.spares[0]
		s.spares = s.spares[1:]
		delete(s.files, f)
		remove := discard.File
		if low {
			remove = vfs.FS.Remove
		}
		if err := errors.Join(f.read.Close(), remove(s.opts.FS, f.name)); err != nil {
			return err
		}
	}
	return nil
}

// provide sees to it that there is a file for the segment after the tail. What fails is left to that.
func (s *Store) provide() {
	if len(s.spares)+len(s.released) > 0 || s.reserve != nil {
		return
	}
	if f, err := s.create(); err == nil {
		s.reserve = newReserve(&s.opts, f, s.size(s.last), s.size(s.last+1))
	}
}

// Close syncs what was committed, and gives the files back.
func (s *Store) Close() error {
	var errs []error
	if s.err == nil && s.tail != nil {
		errs = append(errs, s.sync())
	}
	s.reserve.take()
	s.reserve = nil
	errs = append(errs, s.out.close())
	for f := range s.files {
		errs = append(errs, f.read.Close())
	}
	clear(s.files)
	s.err = errClosed
	return errors.Join(errs...)
}

var errClosed = errors.New("closed")
