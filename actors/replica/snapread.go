package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/raftlog"
)

// snapParser reads a snapshot file as it comes, in pieces of any size. It holds no more than one block.
type snapParser struct {
	header SnapHeader
	each   func(block []byte) error // takes keyspace's blocks, and does not keep them

	part []byte             // what has come of the part under way
	need int                // how long that part is; 0: the file has ended
	take func([]byte) error // what to do with it
	sum  uint64             // of the payload under way
	err  error

	begun bool // the header was read
}

var errSnapSum = fmt.Errorf("%w: checksum mismatch", ErrSnapshot)

func newSnapParser(each func(block []byte) error) *snapParser {
	p := &snapParser{each: each}
	p.expect(len(snapMagic), p.magic)
	return p
}

func (p *snapParser) expect(n int, take func([]byte) error) { p.need, p.take = n, take }

// Write implements io.Writer. After an error there is no use in more.
func (p *snapParser) Write(b []byte) (int, error) {
	size := len(b)
	for p.err == nil && len(b) > 0 {
		if p.need == 0 {
			p.err = fmt.Errorf("%w: data behind its end", ErrSnapshot)
			break
		}
		n := min(p.need-len(p.part), len(b))
		p.part, b = append(p.part, b[:n]...), b[n:]
		if len(p.part) == p.need {
			p.err = p.take(p.part)
			p.part = p.part[:0]
		}
	}
	return size - len(b), p.err
}

// finish says whether the file was whole.
func (p *snapParser) finish() error {
	if p.err == nil && p.need > 0 {
		p.err = fmt.Errorf("%w: ends early", ErrSnapshot)
	}
	return p.err
}

func (p *snapParser) magic(b []byte) error {
	if string(b) != snapMagic {
		return fmt.Errorf("%w: not a snapshot of this format", ErrSnapshot)
	}
	p.expect(blockHead, p.head)
	return nil
}

// head reads what stands in front of a payload. An empty one ends the file.
func (p *snapParser) head(b []byte) error {
	n := binary.BigEndian.Uint32(b)
	p.sum = binary.BigEndian.Uint64(b[4:])
	switch {
	case n > maxSnapBlock:
		return fmt.Errorf("%w: block of %d bytes", ErrSnapshot, n)
	case n == 0 && !p.begun:
		return fmt.Errorf("%w: no header", ErrSnapshot)
	case n == 0 && xxhash.Sum64(nil) != p.sum:
		return errSnapSum
	}
	p.expect(int(n), p.payload)
	return nil
}

func (p *snapParser) payload(b []byte) (err error) {
	p.expect(blockHead, p.head)
	switch {
	case xxhash.Sum64(b) != p.sum:
		return errSnapSum
	case p.begun:
		runtime.Gosched() // the replicas that serve, and vote, come first
		return p.each(b)
	}
	p.begun = true
	p.header, err = decodeSnapHeader(b)
	return err
}

// readSnap reads a snapshot file, checking every block; each is called for keyspace's blocks, which it may
// not keep.
func readSnap(fs vfs.FS, path string, each func(block []byte) error) (SnapHeader, error) {
	f, err := fs.Open(path)
	if err != nil {
		return SnapHeader{}, err
	}
	p := newSnapParser(each)
	_, err = io.CopyBuffer(p, f, make([]byte, snapBuffer))
	if err == nil {
		err = p.finish()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return p.header, fmt.Errorf("%s: %w", path, err)
	}
	return p.header, nil
}

// loadSnapshot restores the state machine from the file that the log names.
func (c *Config) loadSnapshot(ref raftlog.SnapshotRef) (*keyspace.State, SnapHeader, error) {
	path := c.snapFile(ref.File)
	res := keyspace.NewRestorer(keyspace.Config{MaxValue: maxValue})
	h, err := readSnap(c.FS, path, res.Add)
	if err != nil {
		return nil, h, err
	}
	state, err := res.Finish()
	if err == nil {
		err = h.names(c.Cluster, c.Shard, raftlog.Position{Index: ref.Index, Term: ref.Term}, res.Index())
	}
	if err != nil {
		return nil, h, fmt.Errorf("%s: %w", path, err)
	}
	return state, h, nil
}
