package segment

import (
	"encoding/binary"
	"errors"
)

// base is the content of a segment's first frame: all that is needed of what was committed before it, but for the values
// of entries, which are in the segments listed.
type base struct {
	id       uint32
	next     uint32 // tag of the segment after this one
	segments []listed
	streams  []extent
	values   []byte // a batch
}

// listed is an older segment that is still needed.
type listed struct {
	id    uint32
	nonce uint64
	end   int64
}

// extent says which entries a stream has: [first, end).
type extent struct {
	stream     uint32
	first, end uint64
}

// baseMagic tells the first frame of a segment from other files, and its version from later ones.
const baseMagic = "troupe raft log1"

const (
	listedSize = 16
	extentSize = 20
)

func (b *base) append(dst []byte) []byte {
	dst = append(dst, baseMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, b.id)
	dst = binary.LittleEndian.AppendUint32(dst, b.next)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.segments)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.streams)))
	for _, g := range b.segments {
		dst = binary.LittleEndian.AppendUint32(dst, g.id)
		dst = binary.LittleEndian.AppendUint64(dst, g.nonce)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(g.end))
	}
	for _, e := range b.streams {
		dst = binary.LittleEndian.AppendUint32(dst, e.stream)
		dst = binary.LittleEndian.AppendUint64(dst, e.first)
		dst = binary.LittleEndian.AppendUint64(dst, e.end)
	}
	return append(dst, b.values...)
}

var errBase = errors.New("malformed beginning of a segment")

func parseBase(p []byte) (b base, err error) {
	const fixed = len(baseMagic) + 16
	if len(p) < fixed || string(p[:len(baseMagic)]) != baseMagic {
		return base{}, errBase
	}
	p = p[len(baseMagic):]
	b.id, b.next = binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:])
	segments, streams := int64(binary.LittleEndian.Uint32(p[8:])), int64(binary.LittleEndian.Uint32(p[12:]))
	if p = p[16:]; segments*listedSize+streams*extentSize > int64(len(p)) {
		return base{}, errBase
	}
	for range segments {
		b.segments = append(b.segments, listed{
			binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint64(p[4:]), int64(binary.LittleEndian.Uint32(p[12:])),
		})
		p = p[listedSize:]
	}
	for range streams {
		b.streams = append(b.streams, extent{
			binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint64(p[4:]), binary.LittleEndian.Uint64(p[12:]),
		})
		p = p[extentSize:]
	}
	b.values = p
	return b, nil
}
