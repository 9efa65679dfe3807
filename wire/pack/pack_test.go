package pack

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

var edgeUints = []uint64{
	0, 1, 127, 128, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64,
}

var edgeInts = []int64{
	0, 1, -1, -32, -33, -128, -129, -32768, -32769, math.MinInt32, math.MinInt32 - 1, math.MinInt64,
	127, 128, 255, 256, 65535, 65536, math.MaxInt64,
}

func TestUintEdges(t *testing.T) {
	for _, v := range edgeUints {
		b := AppendUint(nil, v)
		r := NewReader(b)
		if got := r.Uint(); got != v || r.Finish() != nil {
			t.Errorf("%d: read back %d, %v", v, got, r.Err())
		}
		var theirs uint64
		if err := msgpack.Unmarshal(b, &theirs); err != nil || theirs != v {
			t.Errorf("%d: the library reads %d, %v", v, theirs, err)
		}
	}
}

func TestIntEdges(t *testing.T) {
	for _, v := range edgeInts {
		b := AppendInt(nil, v)
		r := NewReader(b)
		if got := r.Int(); got != v || r.Finish() != nil {
			t.Errorf("%d: read back %d, %v", v, got, r.Err())
		}
		var theirs int64
		if err := msgpack.Unmarshal(b, &theirs); err != nil || theirs != v {
			t.Errorf("%d: the library reads %d, %v", v, theirs, err)
		}
	}
}

// TestWiderForms reads integers in forms that are longer than needed.
func TestWiderForms(t *testing.T) {
	for _, in := range []string{"\xd0\x05", "\xd1\x00\x05", "\xd2\x00\x00\x00\x05", "\xd3\x00\x00\x00\x00\x00\x00\x00\x05",
		"\xcc\x05", "\xcd\x00\x05", "\xce\x00\x00\x00\x05", "\xcf\x00\x00\x00\x00\x00\x00\x00\x05"} {
		u, i := NewReader([]byte(in)), NewReader([]byte(in))
		if u.Uint() != 5 || u.Finish() != nil {
			t.Errorf("%x as unsigned: %v", in, u.Err())
		}
		if i.Int() != 5 || i.Finish() != nil {
			t.Errorf("%x as signed: %v", in, i.Err())
		}
	}
}

func TestLengthEdges(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536} {
		payload := bytes.Repeat([]byte{0xff}, n)
		b := AppendBytes(nil, payload)
		b = AppendString(b, string(payload))
		b = AppendArray(b, n)
		for range n {
			b = AppendNil(b)
		}
		var r Reader
		r.Reset(b)
		if got := r.Bytes(n); !bytes.Equal(got, payload) || got == nil || cap(got) != n {
			t.Errorf("bytes of %d: got %d, cap %d", n, len(got), cap(got))
		}
		if got := r.String(n); got != string(payload) {
			t.Errorf("string of %d: got %d", n, len(got))
		}
		if got := r.ArrayLen(n); got != n {
			t.Errorf("array of %d: got %d", n, got)
		}
		for range n {
			if !r.Nil() {
				t.Fatal("an item is not nil")
			}
		}
		if err := r.Finish(); err != nil {
			t.Errorf("length %d: %v", n, err)
		}
		checkWithLibrary(t, b, payload)
	}
}

func checkWithLibrary(t *testing.T, b, payload []byte) {
	t.Helper()
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	p, err := dec.DecodeBytes()
	if err != nil || !bytes.Equal(p, payload) {
		t.Errorf("library bytes: %d, %v", len(p), err)
	}
	s, err := dec.DecodeString()
	if err != nil || s != string(payload) {
		t.Errorf("library string: %d, %v", len(s), err)
	}
	if n, err := dec.DecodeArrayLen(); err != nil || n != len(payload) {
		t.Errorf("library array: %d, %v", n, err)
	}
}

func TestFailures(t *testing.T) {
	uintOf := func(r *Reader) { r.Uint() }
	intOf := func(r *Reader) { r.Int() }
	array := func(r *Reader) { r.ArrayLen(10) }
	byteOf := func(r *Reader) { r.Bytes(10) }
	str := func(r *Reader) { _ = r.String(10) }
	boolean := func(r *Reader) { r.Bool() }
	nothing := func(r *Reader) { r.Nil() }
	float := func(r *Reader) { r.Float() }
	all := []func(*Reader){uintOf, intOf, array, byteOf, str, boolean, nothing, float}
	for i, f := range all {
		r := NewReader(nil)
		f(r)
		if !errors.Is(r.Err(), ErrShort) {
			t.Errorf("reader %d on nothing: %v", i, r.Err())
		}
	}
	for _, c := range []struct {
		name string
		in   string
		f    func(*Reader)
		want error
	}{
		{"short uint", "\xcf\x00", uintOf, ErrShort},
		{"negative uint", "\xff", uintOf, ErrType},
		{"negative uint, wide", "\xd3\xff\xff\xff\xff\xff\xff\xff\xff", uintOf, ErrType},
		{"string as uint", "\xa0", uintOf, ErrType},
		{"over int64", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", intOf, ErrLimit},
		{"short int", "\xd2\x00", intOf, ErrShort},
		{"nil as int", "\xc0", intOf, ErrType},
		{"uint over max", "\x0b", func(r *Reader) { r.UintMax(10) }, ErrLimit},
		{"array over max", "\x9b", array, ErrLimit},
		{"array without items", "\x92\x01", array, ErrShort},
		{"array of 4 billion", "\xdd\xff\xff\xff\xff", func(r *Reader) { r.ArrayLen(math.MaxInt) }, ErrShort},
		{"array, short head", "\xdc\x00", array, ErrShort},
		{"map as array", "\x80", array, ErrType},
		{"bytes over max", "\xc4\x0b", byteOf, ErrLimit},
		{"bytes without payload", "\xc4\x02\x01", byteOf, ErrShort},
		{"bytes of 4 billion", "\xc6\xff\xff\xff\xff", func(r *Reader) { r.Bytes(math.MaxInt) }, ErrShort},
		{"string as bytes", "\xa1a", byteOf, ErrType},
		{"string over max", "\xd9\x0b", str, ErrLimit},
		{"string without payload", "\xa3ab", str, ErrShort},
		{"bytes as string", "\xc4\x01a", str, ErrType},
		{"int as bool", "\x01", boolean, ErrType},
		{"int as float", "\x01", float, ErrType},
		{"short float", "\xcb\x00", float, ErrShort},
		{"trailing", "\x01\x02", func(r *Reader) { r.Uint(); _ = r.Finish() }, ErrTrailing},
	} {
		r := NewReader([]byte(c.in))
		c.f(r)
		if !errors.Is(r.Err(), c.want) {
			t.Errorf("%s: got %v, want %v", c.name, r.Err(), c.want)
		}
	}
}

// TestSticky: after a failure nothing is read and the first error stays.
func TestSticky(t *testing.T) {
	r := NewReader([]byte("\xa0\x01\x02"))
	r.Uint()
	first := r.Err()
	if r.Uint() != 0 || r.Int() != 0 || r.Bytes(9) != nil || r.String(9) != "" || r.ArrayLen(9) != 0 || r.Bool() || r.Nil() || r.Float() != 0 {
		t.Error("a value was read after the failure")
	}
	r.Fail(errors.New("other"))
	if first == nil || r.Err() != first || r.Finish() != first || r.Len() != 0 {
		t.Errorf("error changed from %v to %v, %d left", first, r.Err(), r.Len())
	}
}

// TestBytesAreClipped: appending to a result must not touch its neighbour.
func TestBytesAreClipped(t *testing.T) {
	b := AppendBytes(AppendBytes(nil, []byte("one")), []byte("two"))
	r := NewReader(b)
	_ = append(r.Bytes(3), "overwritten"...)
	if got := r.Bytes(3); string(got) != "two" {
		t.Errorf("got %q", got)
	}
}

func TestOwn(t *testing.T) {
	b := AppendBytes(AppendBytes(nil, []byte("one")), []byte("two"))
	r := NewReader(b)
	one := r.Bytes(3)
	r.Own()
	two := r.Bytes(3)
	clear(b)
	if string(one) != "\x00\x00\x00" || string(two) != "two" || r.Finish() != nil {
		t.Errorf("%q %q %v", one, two, r.Err())
	}
	r.Own()
	if r.Len() != 0 || r.Err() != nil {
		t.Error("owning nothing changed something")
	}
}

// value is any value the package can write; one field is used by kind.
type value struct {
	kind int
	u    uint64
	i    int64
	b    []byte
	s    string
}

func drawValue(t *rapid.T) value {
	return value{
		kind: rapid.IntRange(0, 6).Draw(t, "kind"),
		u:    rapid.Uint64().Draw(t, "u"),
		i:    rapid.Int64().Draw(t, "i"),
		b:    rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "b"),
		s:    rapid.String().Draw(t, "s"),
	}
}

func (v value) append(dst []byte) []byte {
	switch v.kind {
	case 0:
		return AppendUint(dst, v.u)
	case 1:
		return AppendInt(dst, v.i)
	case 2:
		return AppendBytes(dst, v.b)
	case 3:
		return AppendString(dst, v.s)
	case 4:
		return AppendBool(dst, v.u%2 == 0)
	case 5:
		return AppendNil(dst)
	}
	return AppendFloat(dst, float64(v.i))
}

func (v value) readBack(r *Reader) bool {
	switch v.kind {
	case 0:
		return r.Uint() == v.u
	case 1:
		return r.Int() == v.i
	case 2:
		return bytes.Equal(r.Bytes(300), v.b)
	case 3:
		return r.String(1<<20) == v.s
	case 4:
		return r.Bool() == (v.u%2 == 0)
	case 5:
		return r.Nil()
	}
	return r.Float() == float64(v.i)
}

// TestSequences: any sequence reads back, the library agrees that it is one
// array of that many values, and every shorter prefix fails.
func TestSequences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(rapid.Custom(drawValue), 0, 40).Draw(t, "values")
		b := AppendArray(nil, len(vs))
		for _, v := range vs {
			b = v.append(b)
		}
		if err := readAll(b, vs); err != nil {
			t.Fatal(err)
		}
		var theirs []any
		if err := msgpack.Unmarshal(b, &theirs); err != nil || len(theirs) != len(vs) {
			t.Fatalf("library: %d of %d values, %v", len(theirs), len(vs), err)
		}
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if readAll(b[:cut], vs) == nil {
			t.Fatalf("a prefix of %d of %d bytes was accepted", cut, len(b))
		}
	})
}

func readAll(b []byte, vs []value) error {
	r := NewReader(b)
	if n := r.ArrayLen(len(vs)); n != len(vs) && r.Err() == nil {
		return errors.New("array length differs")
	}
	for _, v := range vs {
		if !v.readBack(r) {
			if r.Err() != nil {
				return r.Err()
			}
			return errors.New("value differs")
		}
	}
	return r.Finish()
}

func TestNoAllocations(t *testing.T) {
	buf := make([]byte, 0, 256)
	payload := []byte("payload")
	var r Reader
	n := testing.AllocsPerRun(100, func() {
		b := AppendArray(buf[:0], 6)
		b = AppendUint(b, math.MaxUint64)
		b = AppendInt(b, -5)
		b = AppendBytes(b, payload)
		b = AppendBool(b, true)
		b = AppendNil(b)
		b = AppendString(b, "target")
		r.Reset(b)
		r.ArrayLen(6)
		r.Uint()
		r.Int()
		r.Bytes(10)
		r.Bool()
		r.Nil()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReader drives a Reader by a program of calls over arbitrary bytes.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03"), []byte("\x93\x01\xc4\x01a\xa1b"))
	f.Add([]byte("\x03"), []byte("\xdd\xff\xff\xff\xff"))
	f.Add([]byte("\x01\x01"), []byte("\xc6\xff\xff\xff\xff"))
	f.Add([]byte("\x04\x05\x06\x07\x08"), AppendFloat([]byte("\xc3\xc0\xff\x7f"), 1))
	f.Fuzz(func(t *testing.T, program, in []byte) {
		r := NewReader(in)
		for _, op := range program {
			before := r.Len()
			callOne(t, r, op)
			if r.Len() > before {
				t.Fatalf("went backwards from %d to %d left", before, r.Len())
			}
		}
		if err := r.Finish(); err != nil && !strings.HasPrefix(err.Error(), "pack: ") {
			t.Fatalf("odd error %v", err)
		}
	})
}

func callOne(t *testing.T, r *Reader, op byte) {
	left := r.Len()
	switch op % 8 {
	case 0:
		r.Uint()
	case 1:
		if b := r.Bytes(64); len(b) > 64 || len(b) > left {
			t.Fatalf("%d bytes out of %d", len(b), left)
		}
	case 2:
		if s := r.String(64); len(s) > 64 || len(s) > left {
			t.Fatalf("string of %d out of %d", len(s), left)
		}
	case 3:
		if n := r.ArrayLen(math.MaxInt); n > left {
			t.Fatalf("array of %d in %d bytes", n, left)
		}
	case 4:
		r.Bool()
	case 5:
		r.Nil()
	case 6:
		r.Int()
	case 7:
		r.Float()
	}
}
