package segment

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// frameHeader precedes what is written at once:
//
//	nonce(8) sequence(8) durable(4) size(4) sum(4) zero(4)
//
// little-endian. The nonce is that of the segment, and drawn at random, so that neither what a file held in an earlier
// life nor what a client put into a value looks like a frame. Its upper half is the tag, which the segment before has
// drawn: by that the frames of a segment are known whose base is damaged. The lower half is drawn anew by whoever begins the
// segment: what was written of it before a crash that its base did not survive is no part of another attempt. The sequence
// counts the frames of the store. Durable is the offset up to which the segment was known to be durable: no crash loses a
// frame before it. The sum is the CRC-32C of all before it and of the content.
const frameHeader = 32

const maxFrame = 1 << 30 // bytes of content

type frame struct {
	nonce    uint64
	sequence uint64
	durable  uint32
	content  []byte
}

func newNonce(tag uint32) uint64 { return uint64(tag)<<32 | uint64(rand.Uint32()) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sumOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// header makes the frame's header in h, which has frameHeader bytes.
func (f *frame) header(h []byte) {
	binary.LittleEndian.PutUint64(h, f.nonce)
	binary.LittleEndian.PutUint64(h[8:], f.sequence)
	binary.LittleEndian.PutUint32(h[16:], f.durable)
	binary.LittleEndian.PutUint32(h[20:], uint32(len(f.content)))
	binary.LittleEndian.PutUint32(h[24:], crc32.Update(sumOf(h[:24]), castagnoli, f.content))
	binary.LittleEndian.PutUint32(h[28:], 0)
}

// parseFrame reads the frame that b begins with, if there is one, which has content. That aliases b.
func parseFrame(b []byte) (f frame, ok bool) {
	if len(b) < frameHeader {
		return frame{}, false
	}
	size := binary.LittleEndian.Uint32(b[20:])
	if size == 0 || size > maxFrame || uint64(size) > uint64(len(b)-frameHeader) || binary.LittleEndian.Uint32(b[28:]) != 0 {
		return frame{}, false
	}
	content := b[frameHeader : frameHeader+int(size) : frameHeader+int(size)]
	if crc32.Update(sumOf(b[:24]), castagnoli, content) != binary.LittleEndian.Uint32(b[24:]) {
		return frame{}, false
	}
	return frame{
		nonce: binary.LittleEndian.Uint64(b), sequence: binary.LittleEndian.Uint64(b[8:]),
		durable: binary.LittleEndian.Uint32(b[16:]), content: content,
	}, true
}
