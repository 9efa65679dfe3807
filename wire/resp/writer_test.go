package resp

import (
	"math"
	"testing"
)

func TestWriterForms(t *testing.T) {
	for _, c := range []struct {
		name       string
		write      func(w *Writer)
		two, three string
	}{
		{"simple", func(w *Writer) { w.Simple("PONG") }, "+PONG\r\n", "+PONG\r\n"},
		{"ok", func(w *Writer) { w.OK() }, "+OK\r\n", "+OK\r\n"},
		{"error", func(w *Writer) { w.Error("ERR a\r\nb\x00c") }, "-ERR a  b c\r\n", "-ERR a  b c\r\n"},
		{"int", func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\n")) }, "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"},
		{"bulk nil", func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{"bulk string", func(w *Writer) { w.BulkString("héé") }, "$5\r\nhéé\r\n", "$5\r\nhéé\r\n"},
		{"null", func(w *Writer) { w.Null() }, "$-1\r\n", "_\r\n"},
		{"null array", func(w *Writer) { w.NullArray() }, "*-1\r\n", "_\r\n"},
		{"array", func(w *Writer) { w.Array(3) }, "*3\r\n", "*3\r\n"},
		{"map", func(w *Writer) { w.Map(3) }, "*6\r\n", "%3\r\n"},
		{"set", func(w *Writer) { w.Set(3) }, "*3\r\n", "~3\r\n"},
		{"push", func(w *Writer) { w.Push(3) }, "*3\r\n", ">3\r\n"},
		{"double", func(w *Writer) { w.Double(0.1) }, "$3\r\n0.1\r\n", ",0.1\r\n"},
		{"true", func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		{"false", func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		{"big number", func(w *Writer) { w.BigNumber("12345678901234567890") }, "$20\r\n12345678901234567890\r\n", "(12345678901234567890\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", "hi") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{"verbatim, short format", func(w *Writer) { w.Verbatim("m", "hi") }, "$2\r\nhi\r\n", "=6\r\nm  :hi\r\n"},
		{"raw", func(w *Writer) { w.Raw([]byte("+x\r\n")) }, "+x\r\n", "+x\r\n"},
	} {
		var w Writer
		c.write(&w)
		if got := string(w.Bytes()); got != c.two {
			t.Errorf("%s in RESP2: %q, want %q", c.name, got, c.two)
		}
		w.Reset([]byte("head"), 3)
		c.write(&w)
		if got := string(w.Bytes()); got != "head"+c.three {
			t.Errorf("%s in RESP3: %q, want %q", c.name, got, c.three)
		}
		w.Reset(nil, 3)
		w.SetDiscard(true)
		if c.write(&w); w.Len() != 0 {
			t.Errorf("%s was not discarded: %q", c.name, w.Bytes())
		}
	}
}

func TestWriterCountsErrors(t *testing.T) {
	var w Writer
	w.Error("ERR a")
	w.SetDiscard(true)
	w.Error("ERR b")
	if w.Errors() != 2 || !w.Discarding() || w.Proto() != 2 {
		t.Errorf("%d errors, discarding %v, protocol %d", w.Errors(), w.Discarding(), w.Proto())
	}
	if w.Reset(nil, 3); w.Errors() != 0 || w.Discarding() || w.Proto() != 3 {
		t.Errorf("Reset left %d errors, discarding %v, protocol %d", w.Errors(), w.Discarding(), w.Proto())
	}
}

// The texts are those of Redis 7.2's ZSCORE for the same scores.
func TestDouble(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1, "1"}, {-3, "-3"}, {0.1, "0.1"}, {-0.25, "-0.25"},
		{3.0e15, "3000000000000000"}, {1e18, "1000000000000000000"}, {4e18, "4000000000000000000"},
		{1e19, "1e+19"}, {1e21, "1e+21"}, {-1e100, "-1e+100"}, {1.5e300, "1.5e+300"},
		{12345678901234568e6, "12345678901234568000000"}, {1234567e20, "1.234567e+26"},
		{1e-5, "0.00001"}, {1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"}, {0.00012345678, "1.2345678e-4"},
		{0.0012345678, "0.0012345678"}, {123.456, "123.456"}, {1234567.1234567, "1.2345671234567e+6"}, {1234.1234567, "1234.1234567"},
		{math.Pi, "3.141592653589793"}, {math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"},
		{math.MaxFloat64, "1.7976931348623157e+308"}, {math.SmallestNonzeroFloat64, "5e-324"},
	} {
		if got := string(AppendDouble(nil, c.v)); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

func TestWriterLimit(t *testing.T) {
	for name, write := range map[string]func(*Writer){
		"Bulk":       func(w *Writer) { w.Bulk([]byte("0123456789")) },
		"BulkString": func(w *Writer) { w.BulkString("0123456789") },
		"Verbatim":   func(w *Writer) { w.Verbatim("txt", "0123456789") },
		"Raw":        func(w *Writer) { w.Raw([]byte("+0123456789\r\n")) },
	} {
		for proto := 2; proto <= 3; proto++ {
			var w Writer
			w.Reset(nil, proto)
			w.SetLimit(20)
			write(&w)
			from := w.Len()
			if w.Overflowed() || from == 0 {
				t.Fatalf("%s: the first one does not fit", name)
			}
			if write(&w); !w.Overflowed() || w.Len() != from {
				t.Fatalf("%s: %d bytes within a limit of 20", name, w.Len())
			}
			if w.Truncate(from); w.Overflowed() {
				t.Fatalf("%s: the overflow stays", name)
			}
			w.Error("ERR x") // errors and numbers fit always
			if w.Overflowed() || w.Len() == from {
				t.Fatalf("%s: no error behind it", name)
			}
		}
	}
}
