package resp

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReply(t *testing.T) {
	str := func(k Kind, s string) Value { return Value{Kind: k, Str: []byte(s)} }
	for _, c := range []struct {
		in   string
		want Value
	}{
		{"+OK\r\n", str(Simple, "OK")},
		{"-ERR x\r\n", str(Error, "ERR x")},
		{":-12\r\n", Value{Kind: Integer, Int: -12}},
		{"$3\r\na\r\n\r\n", str(Bulk, "a\r\n")},
		{"$-1\r\n", Value{}},
		{"*-1\r\n", Value{}},
		{"_\r\n", Value{}},
		{"#t\r\n", Value{Kind: Boolean, Int: 1}},
		{"#f\r\n", Value{Kind: Boolean}},
		{",1.5\r\n", Value{Kind: Double, Float: 1.5}},
		{",-inf\r\n", Value{Kind: Double, Float: math.Inf(-1)}},
		{"(123\r\n", str(BigNumber, "123")},
		{"=6\r\ntxt:hi\r\n", str(Verbatim, "hi")},
		{"*2\r\n:1\r\n*1\r\n$1\r\na\r\n", Value{Kind: Array, Items: []Value{{Kind: Integer, Int: 1}, {Kind: Array, Items: []Value{str(Bulk, "a")}}}}},
		{"%1\r\n+k\r\n:1\r\n", Value{Kind: Map, Items: []Value{str(Simple, "k"), {Kind: Integer, Int: 1}}}},
		{"~1\r\n_\r\n", Value{Kind: Set, Items: []Value{{}}}},
		{">1\r\n+m\r\n", Value{Kind: Push, Items: []Value{str(Simple, "m")}}},
		{"|1\r\n+a\r\n+b\r\n:7\r\n", Value{Kind: Integer, Int: 7}},
	} {
		v, n, err := ParseReply([]byte(c.in + "rest"))
		if err != nil || n != len(c.in) || !reflect.DeepEqual(v, c.want) {
			t.Errorf("%q: %+v, %d bytes, %v", c.in, v, n, err)
		}
		for i := range len(c.in) {
			if _, _, err := ParseReply([]byte(c.in[:i])); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%q: %v, want ErrIncomplete", c.in[:i], err)
			}
		}
	}
}

func TestParseReplyRefuses(t *testing.T) {
	for _, in := range []string{
		"\r\n", "?\r\n", ":x\r\n", ":\r\n", "$-2\r\n", "$536870913\r\n", "$1\r\nabc", "*-2\r\n", "*99999999999\r\n",
		"#x\r\n", ",x\r\n", "_x\r\n", "=2\r\nab\r\n", "=-1\r\n", "+a\rb", "%-1\r\n", strings.Repeat("*1\r\n", 40) + ":1\r\n",
	} {
		if _, _, err := ParseReply([]byte(in)); !errors.Is(err, ErrReply) {
			t.Errorf("%q: %v, want ErrReply", in, err)
		}
	}
}

// write writes v as the server would.
func write(w *Writer, v Value) {
	switch v.Kind {
	case Null:
		w.Null()
	case Simple:
		w.Simple(string(v.Str))
	case Error:
		w.Error(string(v.Str))
	case Integer:
		w.Int(v.Int)
	case Bulk:
		w.Bulk(v.Str)
	case Double:
		w.Double(v.Float)
	case Boolean:
		w.Bool(v.Int == 1)
	case BigNumber:
		w.BigNumber(string(v.Str))
	case Verbatim:
		w.Verbatim("txt", string(v.Str))
	case Array:
		w.Array(len(v.Items))
	case Map:
		w.Map(len(v.Items) / 2)
	case Set:
		w.Set(len(v.Items))
	case Push:
		w.Push(len(v.Items))
	}
	for _, item := range v.Items {
		write(w, item)
	}
}

func drawValue(t *rapid.T, depth int) Value {
	kinds := []Kind{Null, Simple, Error, Integer, Bulk, Double, Boolean, BigNumber, Verbatim}
	if depth < 4 {
		kinds = append(kinds, Array, Map, Set, Push)
	}
	v := Value{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch v.Kind {
	case Simple, Error:
		v.Str = []byte(rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "text"))
	case BigNumber:
		v.Str = strconv.AppendUint(nil, rapid.Uint64().Draw(t, "big"), 10)
	case Bulk, Verbatim:
		v.Str = rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	case Integer:
		v.Int = rapid.Int64().Draw(t, "int")
	case Double:
		v.Float = rapid.Float64().Draw(t, "double")
	case Boolean:
		v.Int = rapid.Int64Range(0, 1).Draw(t, "bool")
	case Array, Map, Set, Push:
		n := rapid.IntRange(0, 3).Draw(t, "items")
		if v.Kind == Map {
			n *= 2
		}
		v.Items = []Value{}
		for range n {
			v.Items = append(v.Items, drawValue(t, depth+1))
		}
	}
	return v
}

// TestRoundTrip: what the Writer writes in RESP3 is what ParseReply reads.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, 0)
		var w Writer
		w.Reset(nil, 3)
		write(&w, v)
		got, n, err := ParseReply(w.Bytes())
		if err != nil || n != w.Len() {
			t.Fatalf("%q: %d bytes, %v", w.Bytes(), n, err)
		}
		var again Writer
		again.Reset(nil, 3)
		if write(&again, got); !bytes.Equal(again.Bytes(), w.Bytes()) {
			t.Fatalf("%q became %q", w.Bytes(), again.Bytes())
		}
	})
}

func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"+OK\r\n", "*2\r\n:1\r\n$1\r\na\r\n", "%1\r\n,1\r\n#t\r\n", "|1\r\n+a\r\n+b\r\n_\r\n", "=5\r\ntxt:a\r\n", "*1000000\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, n, err := ParseReply(in); err == nil && (n <= 0 || n > len(in)) {
			t.Fatalf("%d bytes of %d", n, len(in))
		}
	})
}
