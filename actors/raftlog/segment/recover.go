package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Open reads the store in a directory, which may be empty. It makes durable what it reads, and changes nothing: that begins
// with the first Commit. The error is ErrCorrupt where something is missing that was durable, as far as that can be told: the
// last frames may be lost without a trace if each of them is damaged.
func Open(opts Options) (*Store, error) {
	if opts.Size == 0 {
		opts.Size = defaultSize
	}
	s := &Store{
		opts: opts, values: map[string]*[]byte{}, streams: map[uint32]*stream{}, segments: map[uint32]*segment{},
		files: map[*file]struct{}{}, next: rand.Uint32(),
	}
	err := s.recover()
	if err == nil { // a file may be there that a process was killed over, and will be used
		err = SyncDir(opts.FS, opts.Dir)
	}
	s.scratch = nil
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// found is a file as recover sees it.
type found struct {
	file  *file
	nonce uint64
	base  base
	valid bool // it begins with a base
}

func (s *Store) recover() error {
	files, err := s.find()
	if err != nil {
		return err
	}
	var tail *found
	for _, f := range files {
		if f.valid && (tail == nil || f.base.id > tail.base.id) {
			tail = f
		}
	}
	if tail == nil {
		s.spare(files)
		return s.neverBegun(files)
	}
	s.last, s.next = tail.base.id, tail.base.next
	if err := s.noneLater(files); err != nil {
		return err
	}
	if err := s.load(tail, files); err != nil {
		return err
	}
	s.spare(files)
	return tail.file.sync(s.opts.FS)
}

// sync makes what is read of a file durable: it may be what a process that was killed has written and not synced, and whoever
// reads it counts on it.
func (f *file) sync(fs vfs.FS) error {
	w, err := fs.OpenReadWrite(f.name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return errors.Join(w.Sync(), w.Close())
}

// find opens the files and reads how they begin.
func (s *Store) find() ([]*found, error) {
	names, err := s.opts.FS.List(s.opts.Dir)
	if err != nil {
		return nil, err
	}
	var files []*found
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, suffix)
		number, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil {
			continue
		}
		s.number = max(s.number, number)
		f := &found{file: &file{name: s.opts.FS.PathJoin(s.opts.Dir, name)}}
		if f.file.read, err = s.opts.FS.Open(f.file.name); err != nil {
			return files, err
		}
		s.files[f.file] = struct{}{}
		files = append(files, f)
		if err := f.begin(); err != nil {
			return files, err
		}
	}
	return files, nil
}

// begin reads the base.
func (f *found) begin() error {
	var h [frameHeader]byte
	if n, err := f.file.read.ReadAt(h[:], 0); n < len(h) {
		if err == io.EOF {
			err = nil
		}
		return err
	}
	info, err := f.file.read.Stat()
	if err != nil {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(h[20:]))
	if size > maxFrame || size+frameHeader > info.Size() {
		return nil
	}
	b := make([]byte, frameHeader+size)
	if _, err := f.file.read.ReadAt(b, 0); err != nil && err != io.EOF {
		return err
	}
	fr, ok := parseFrame(b)
	if !ok {
		return nil
	}
	if f.base, err = parseBase(fr.content); err == nil {
		f.valid, f.nonce = true, fr.nonce
	}
	return nil
}

// neverBegun makes sure that nothing was durable where there is no base.
func (s *Store) neverBegun(files []*found) error {
	for _, f := range files {
		b, err := f.file.all(&s.scratch)
		if err != nil {
			return err
		}
		for ; len(b) > frameHeader; b = b[1:] {
			if later, ok := parseFrame(b); ok && later.durable > 0 {
				return corrupt("%s: the beginning is damaged", f.file.name)
			}
		}
	}
	return nil
}

// noneLater makes sure that nothing was durable of a segment after the last. It may have been if the base of one is damaged.
func (s *Store) noneLater(files []*found) error {
	tag := binary.LittleEndian.AppendUint32(nil, s.next)
	for _, f := range files {
		if f.valid {
			continue
		}
		b, err := f.file.all(&s.scratch)
		if err != nil {
			return err
		}
		if durable(b, tag, 4, 0) {
			return corrupt("%s: the beginning is damaged", f.file.name)
		}
	}
	return nil
}

// durable reports whether there is a frame in b that says that its segment was durable beyond an offset. Frames are known by
// a part of their nonce, which is at a place of it.
func durable(b, part []byte, place int, beyond int64) bool {
	for {
		i := bytes.Index(b, part)
		if i < 0 {
			return false
		}
		if i < place {
			b = b[i+1:]
			continue
		}
		f, ok := parseFrame(b[i-place:])
		switch {
		case ok && int64(f.durable) > beyond:
			return true
		case ok:
			b = b[i-place+frameHeader+len(f.content):]
		default:
			b = b[i+1:]
		}
	}
}

// all reads the file into scratch.
func (f *file) all(scratch *[]byte) ([]byte, error) {
	info, err := f.read.Stat()
	if err != nil {
		return nil, err
	}
	size := int(min(info.Size(), maxSize))
	if cap(*scratch) < size {
		*scratch = make([]byte, size)
	}
	b := (*scratch)[:size]
	n, err := f.read.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// load takes the store from its last segment and those that it lists.
func (s *Store) load(tail *found, files []*found) error {
	extents := map[uint32]extent{}
	for _, e := range tail.base.streams {
		if e.first > e.end {
			return corrupt("%s: %w", tail.file.name, errBase)
		}
		extents[e.stream] = e
	}
	for _, l := range tail.base.segments {
		f := one(files, l)
		if f == nil {
			return corrupt("segment %d is missing", l.id)
		}
		if err := s.loadOld(f, l.end, extents); err != nil {
			return err
		}
	}
	for id, str := range s.streams {
		e := extents[id]
		if str.first != e.first || str.end != e.end {
			return corrupt("stream %d has %d to %d, and not %d to %d", id, str.first, str.end-1, e.first, e.end-1)
		}
		delete(extents, id)
	}
	for id, e := range extents {
		if e.first != e.end {
			return corrupt("stream %d is missing", id)
		}
	}
	return s.loadTail(tail)
}

func one(files []*found, l listed) *found {
	for _, f := range files {
		if f.valid && f.base.id == l.id && f.nonce == l.nonce {
			return f
		}
	}
	return nil
}

// loadOld reads the entries of an older segment that still were some when the last was begun. Those that were dropped
// and written again are replaced by a later segment's.
func (s *Store) loadOld(f *found, end int64, extents map[uint32]extent) error {
	b, err := f.file.all(&s.scratch)
	if err != nil {
		return err
	}
	g := s.adopt(f)
	if end > int64(len(b)) {
		return corrupt("%s: ends at %d and not at %d", f.file.name, len(b), end)
	}
	err = s.frames(g, b[:end], func(content []byte, at int64) error {
		ops := Read(content)
		for {
			op, ok, err := ops.Next()
			if err != nil || !ok {
				return err
			}
			e, known := extents[op.Stream]
			if op.Kind != Put || !known || op.First < e.first || op.First >= e.end {
				continue
			}
			if err := s.putOld(&op, g, e, at+int64(len(content)-ops.left()-len(op.Value))); err != nil {
				return err
			}
		}
	})
	if err == nil && g.end != end {
		err = corrupt("%s is damaged at %d", f.file.name, g.end)
	}
	return err
}

// putOld is put for a stream of which only some entries are known yet.
func (s *Store) putOld(op *Op, g *segment, e extent, at int64) error {
	str := s.streams[op.Stream]
	if str == nil {
		str = &stream{first: e.first, end: e.first}
		s.streams[op.Stream] = str
	}
	for str.end < op.First { // clean has moved some
		str.put(str.end, place{})
	}
	return s.put(op, g, at)
}

func (s *Store) adopt(f *found) *segment {
	g := &segment{id: f.base.id, nonce: f.nonce, file: f.file}
	s.segments[g.id] = g
	return g
}

// frames hands over the content of the frames of a segment after its base, up to the first that is none.
func (s *Store) frames(g *segment, b []byte, each func(content []byte, at int64) error) error {
	for {
		f, ok := parseFrame(b[g.end:])
		if !ok || f.nonce != g.nonce || g.end > 0 && f.sequence != s.sequence+1 {
			return nil
		}
		at := g.end + frameHeader
		if g.end > 0 {
			if err := each(f.content, at); err != nil {
				return corrupt("%s at %d: %w", g.file.name, g.end, err)
			}
		}
		s.sequence = f.sequence
		g.end = at + int64(len(f.content))
	}
}

// loadTail reads the last segment as far as there are frames, and makes sure that what follows was never durable.
func (s *Store) loadTail(f *found) error {
	b, err := f.file.all(&s.scratch)
	if err != nil {
		return err
	}
	g := s.adopt(f)
	if err := s.apply(f.base.values, g, 0); err != nil {
		return corrupt("%s: %w", f.file.name, err)
	}
	if err := s.frames(g, b, func(content []byte, at int64) error { return s.apply(content, g, at) }); err != nil {
		return err
	}
	if rest := b[g.end:]; durable(rest, binary.LittleEndian.AppendUint64(nil, g.nonce), 0, g.end) {
		return corrupt("%s is damaged at %d, and was durable beyond that", g.file.name, g.end)
	}
	return nil
}

// spare keeps the files that are not in use. Those that the last segment lists are.
func (s *Store) spare(files []*found) {
	used := map[*file]bool{}
	for _, g := range s.segments {
		used[g.file] = true
	}
	for _, f := range files {
		if !used[f.file] {
			s.spares = append(s.spares, f.file)
		}
	}
}
