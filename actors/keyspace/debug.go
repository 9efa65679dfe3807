package keyspace

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/troupedb/troupe/wire/resp"
)

// debugKey is the internal command "debugkey object|digest-value key": what DEBUG tells of a key.
func debugKey(s *State, c *call) {
	e := s.peek(c.Args[2])
	switch {
	case resp.Is(c.Args[1], "digest-value"):
		var d digest
		if e != nil {
			d = s.digestOf(e)
		}
		c.W.BulkString(d.String())
	case !resp.Is(c.Args[1], "object"):
		c.W.Error(errSyntax)
	case e == nil:
		c.W.Error(errNoKey)
	case !s.dumpable(e):
		c.W.Error(errLargePayload)
	default:
		c.mustBeHere()
		c.W.Simple(s.describe(e))
	}
}

// describe tells what Redis tells of a value. There is no address here.
func (s *State) describe(e *entry) string {
	const typeSize = 1
	text := fmt.Sprintf("Value at:0x0 refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		encodingNames[e.encoding()], len(s.appendRDB(nil, e))-typeSize,
		s.usage.accessOf(e)>>counterBits, s.usage.idle(e))
	l, ok := e.object().(*listObject)
	if !ok || !l.quick {
		return text
	}
	maxBytes, _ := s.limits.listNode()
	nodes := (l.packed + maxBytes - 1) / maxBytes
	return fmt.Sprintf("%s ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:0 ql_uncompressed_size:%d",
		text, nodes, float64(l.len())/float64(nodes), s.limits[listMaxSize], l.bytes())
}

// debugDigest is the internal command "debugdigest": the digest of all keys, to be combined with those of other
// shards by exclusive or.
func debugDigest(s *State, c *call) {
	var all digest
	for _, dict := range s.dicts {
		if dict == nil {
			continue
		}
		dict.each(func(e *entry) bool {
			if !s.gone(e) {
				d := s.digestOf(e)
				all.add([]byte(e.name()), d[:])
			}
			return true
		})
	}
	c.W.BulkString(all.String())
}

// digest tells contents apart, whatever their encodings. That of no content is zero.
type digest [sha1.Size]byte

func (d *digest) String() string { return hex.EncodeToString(d[:]) }

// mix makes d the digest of what it was of and these parts behind it.
func (d *digest) mix(parts ...[]byte) {
	h := sha1.New()
	h.Write(d[:])
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write(p)
	}
	h.Sum(d[:0])
}

// add makes d the digest of what it was of and these parts anywhere in it.
func (d *digest) add(parts ...[]byte) {
	var one digest
	one.mix(parts...)
	for i := range d {
		d[i] ^= one[i]
	}
}

// digestOf returns the digest of a value, and of whether it expires.
func (s *State) digestOf(e *entry) (d digest) {
	switch obj := e.object().(type) {
	case *listObject:
		for element := range obj.from(left) {
			d.mix(element)
		}
	case *setObject:
		for member := range obj.walk(0) {
			d.add(member)
		}
	case *sortedSet:
		for member, score := range obj.from(0, false) {
			d.add(member, resp.AppendDouble(nil, score))
		}
	case *hashObject:
		for field, value := range obj.all(0) {
			d.add(field, value)
		}
	case *streamObject:
		obj.digestTo(&d)
	default:
		d.mix(e.text(nil))
	}
	d.mix([]byte(e.typeName()))
	if e.expire != 0 {
		d.mix([]byte("expires"))
	}
	return d
}

// digestTo mixes all entries, fields and values in turn, into d.
func (st *streamObject) digestTo(d *digest) {
	r := streamReader{st: st}
	var parts [][]byte
	for item := range st.entries.Forward(0) {
		id, rest := cutShortID(item)
		parts = append(parts[:0], appendID(nil, id))
		own, w := binary.Uvarint(rest)
		var names [][]byte
		if own == 0 {
			names = r.namesOf(id)
		}
		for texts, i := rest[w:], 0; len(texts) > 0; i++ {
			var text []byte
			if text, texts = cutField(texts); own == 0 {
				parts = append(parts, names[i])
			}
			parts = append(parts, text)
		}
		d.mix(parts...)
	}
}
