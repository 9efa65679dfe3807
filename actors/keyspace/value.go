package keyspace

import (
	"strconv"
	"unsafe"
)

// value is what a key holds. It is copied as a whole only to be moved.
//
// There are more values than anything else, so one takes 24 bytes: where its content is stands in one pointer, whatever
// the kind, and what else there is to know of it in one number.
type value struct {
	// content is the bytes of a string, or the object; nil for an integer. The bytes are owned: they never alias an
	// entry of the log, and nothing else aliases them.
	content unsafe.Pointer
	num     int64 // an integer, or the length of a string in the lower 32 bits and the room for it in the upper ones

	access access // of the key; it stands here since there is room
	enc    encoding
	is     kind
}

// stringValue is a string that owns b.
func stringValue(b []byte, enc encoding) value {
	v := value{enc: enc}
	v.setData(b)
	return v
}

// textValue is the string b, which it owns, as an integer if it is the text of one.
func textValue(b []byte) value {
	if n, ok := parseInt(b); ok {
		return value{num: n, enc: encInt}
	}
	return stringValue(b, stringEncoding(b))
}

// stringEncoding is the encoding of the string b when it is set as a whole.
func stringEncoding(b []byte) encoding {
	if len(b) <= embstrMax {
		return encEmbstr
	}
	return encRaw
}

func objectValue(o object) (v value) {
	v.setObject(o)
	return v
}

// data is the bytes of a string; nil for whatever else.
func (v *value) data() []byte {
	if v.is != kindString || v.content == nil {
		return nil
	}
	return unsafe.Slice((*byte)(v.content), v.num>>32)[:uint32(v.num)]
}

// setData makes b the bytes of a string, of which no more than maxArgSize are ever asked for. REQUIRES: v is none but a
// string.
func (v *value) setData(b []byte) {
	v.content, v.num = unsafe.Pointer(unsafe.SliceData(b)), int64(cap(b))<<32|int64(len(b))
}

// object is the collection, nil for a string.
func (v *value) object() object {
	switch v.is {
	case kindList:
		return (*listObject)(v.content)
	case kindSet:
		return (*setObject)(v.content)
	case kindSortedSet:
		return (*sortedSet)(v.content)
	case kindHash:
		return (*hashObject)(v.content)
	case kindStream:
		return (*streamObject)(v.content)
	}
	return nil
}

// setObject makes v a collection.
func (v *value) setObject(o object) {
	v.num, v.is = 0, o.kind()
	switch o := o.(type) {
	case *listObject:
		v.content = unsafe.Pointer(o)
	case *setObject:
		v.content = unsafe.Pointer(o)
	case *sortedSet:
		v.content = unsafe.Pointer(o)
	case *hashObject:
		v.content = unsafe.Pointer(o)
	case *streamObject:
		v.content = unsafe.Pointer(o)
	}
}

func (v *value) kind() kind { return v.is }

// typeNames are the names that TYPE answers and SCAN takes.
var typeNames = [kinds]string{"string", "list", "set", "zset", "hash", "stream"}

func (v *value) typeName() string { return typeNames[v.kind()] }

func (v *value) encoding() encoding {
	if v.is != kindString {
		return v.object().encoding()
	}
	return v.enc
}

// text returns the bytes of a string; those of an integer are made in buf.
func (v *value) text(buf []byte) []byte {
	if v.enc == encInt {
		return strconv.AppendInt(buf[:0], v.num, 10)
	}
	return v.data()
}

// textLen returns the length of a string.
func (v *value) textLen() int {
	var buf [20]byte
	return len(v.text(buf[:]))
}

// clone returns a copy of v that a change of v does not show in.
func (v *value) clone() value {
	c := *v
	if v.is != kindString {
		c.setObject(v.object().clone())
	} else if data := v.data(); data != nil {
		c.setData(append(make([]byte, 0, len(data)), data...))
	}
	return c
}
