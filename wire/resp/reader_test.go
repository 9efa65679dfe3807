package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// commands reads everything in b, fed in the given pieces, and renders the commands and the error.
func commands(limits Limits, pieces ...[]byte) (out []string, text string) {
	r := NewReader(limits)
	var cmd Command
	for _, p := range pieces {
		r.Feed(p)
		for {
			ok, err := r.Next(&cmd)
			if err != nil {
				return out, "-" + protocolText(err)
			}
			if !ok {
				break
			}
			out = append(out, fmt.Sprintf("%q", cmd.Args))
		}
		r.Release()
	}
	return out, ""
}

func protocolText(err error) string {
	var p *ProtocolError
	if !errors.As(err, &p) {
		return "not a ProtocolError: " + err.Error()
	}
	return p.Text
}

func encode(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b
}

var readerCases = []struct {
	name, in string
	want     []string
	err      string
}{
	{"one", "*1\r\n$4\r\nPING\r\n", []string{`["PING"]`}, ""},
	{"two", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", []string{`["GET" "k"]`, `["PING"]`}, ""},
	{"empty argument", "*2\r\n$3\r\nGET\r\n$0\r\n\r\n", []string{`["GET" ""]`}, ""},
	{"binary", "*2\r\n$1\r\nG\r\n$4\r\n\r\n\x00$\r\n", []string{`["G" "\r\n\x00$"]`}, ""},
	{"no command", "*0\r\n*-1\r\n*-5\r\n\r\n\n  \r\n*1\r\n$1\r\na\r\n", []string{`["a"]`}, ""},
	{"unfinished", "*2\r\n$3\r\nGET\r\n$1\r\nk", nil, ""},
	{"count not a number", "*a\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"count empty", "*\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"count with plus", "*+1\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"count with zero", "*01\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"count too big", "*1048577\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"count overflows", "*9223372036854775808\r\n", nil, "-ERR Protocol error: invalid multibulk length"},
	{"no dollar", "*1\r\n:4\r\n", nil, "-ERR Protocol error: expected '$', got ':'"},
	{"no dollar, empty line", "*1\r\n\r\n", nil, "-ERR Protocol error: expected '$', got '\r'"},
	{"length negative", "*1\r\n$-1\r\n", nil, "-ERR Protocol error: invalid bulk length"},
	{"length empty", "*1\r\n$\r\n", nil, "-ERR Protocol error: invalid bulk length"},
	{"length too big", "*1\r\n$16777217\r\n", nil, "-ERR Protocol error: invalid bulk length"},
	{"length overflows", "*1\r\n$99999999999999999999\r\n", nil, "-ERR Protocol error: invalid bulk length"},
	{"after a good one", "*1\r\n$1\r\na\r\n*1\r\n$x\r\n", []string{`["a"]`}, "-ERR Protocol error: invalid bulk length"},
	{"inline", "SET a b\r\nGET a\n", []string{`["SET" "a" "b"]`, `["GET" "a"]`}, ""},
	{"inline blanks", " \t SET  a\vb \r\n", []string{`["SET" "a\vb"]`}, ""},
	{"inline quotes", `SET "a \x41\n\"\q" 'it\'s' "" x"y"` + "\r\n", []string{`["SET" "a A\n\"q" "it's" "" "xy"]`}, ""},
	{"inline bad hex", `E "\xg0"` + "\n", []string{`["E" "xg0"]`}, ""},
	{"inline open quote", "SET \"a\r\n", nil, "-ERR Protocol error: unbalanced quotes in request"},
	{"inline open single quote", "SET 'a\\'\r\n", nil, "-ERR Protocol error: unbalanced quotes in request"},
	{"inline quote inside", `SET "a"b` + "\n", nil, "-ERR Protocol error: unbalanced quotes in request"},
	{"http post", "POST / HTTP/1.1\r\nHost: x\r\n", nil, "-"},
	{"http get", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []string{`["GET" "/" "HTTP/1.1"]`}, "-"},
	{"inline then multibulk", "PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n", []string{`["PING"]`, `["PING"]`, `["PING"]`}, ""},
}

func TestReader(t *testing.T) {
	for _, c := range readerCases {
		t.Run(c.name, func(t *testing.T) {
			got, text := commands(DefaultLimits(), []byte(c.in))
			if fmt.Sprint(got) != fmt.Sprint(c.want) || text != c.err {
				t.Errorf("got %v %q, want %v %q", got, text, c.want, c.err)
			}
		})
	}
}

// TestEverySplit cuts the input of every case at every byte boundary, and into single bytes.
func TestEverySplit(t *testing.T) {
	for _, c := range readerCases {
		in := []byte(c.in)
		for i := range in {
			checkPieces(t, c.name, c.want, c.err, in[:i], in[i:])
		}
		checkPieces(t, c.name, c.want, c.err, bytes.SplitAfter(in, nil)...)
	}
}

func checkPieces(t *testing.T, name string, want []string, text string, pieces ...[]byte) {
	t.Helper()
	got, gotText := commands(DefaultLimits(), pieces...)
	if fmt.Sprint(got) != fmt.Sprint(want) || gotText != text {
		t.Fatalf("%s in pieces %q: got %v %q", name, pieces, got, gotText)
	}
}

func TestUnauthenticated(t *testing.T) {
	for _, c := range []struct{ in, err string }{
		{"*11\r\n", "-ERR Protocol error: unauthenticated multibulk length"},
		{"*1048577\r\n", "-ERR Protocol error: invalid multibulk length"},
		{"*1\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length"},
		{"*1\r\n$16777217\r\n", "-ERR Protocol error: invalid bulk length"},
		{"*10\r\n$16384\r\n", ""},
	} {
		if _, text := commands(Unauthenticated(), []byte(c.in)); text != c.err {
			t.Errorf("%q: %q, want %q", c.in, text, c.err)
		}
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("1", 64<<10)
	for _, c := range []struct{ in, err string }{
		{"*" + long, "-ERR Protocol error: too big mbulk count string"},
		{"*1\r\n$" + long, "-ERR Protocol error: too big bulk count string"},
		{"x" + long, "-ERR Protocol error: too big inline request"},
		{long, ""},
		{long + "\n", ""},
		{"*" + long[1:] + "\r\n", "-ERR Protocol error: invalid multibulk length"},
	} {
		if _, text := commands(DefaultLimits(), []byte(c.in)); text != c.err {
			t.Errorf("%.10q and %d more bytes: %q, want %q", c.in, len(c.in)-10, text, c.err)
		}
	}
}

// TestCommandTooBig refuses at the announcement that passes the limit, before its bytes arrive.
func TestCommandTooBig(t *testing.T) {
	limits := DefaultLimits()
	limits.MaxBulk, limits.MaxCommand = 100, 250
	in := []byte("*4\r\n" + strings.Repeat("$100\r\n"+strings.Repeat("x", 100)+"\r\n", 2) + "$100\r\n")
	if _, text := commands(limits, in); text != "-ERR Protocol error: too big command" {
		t.Errorf("got %q", text)
	}
}

// TestNoAllocationByClaim announces as much as is allowed and sends next to nothing of it.
func TestNoAllocationByClaim(t *testing.T) {
	r := NewReader(DefaultLimits())
	var cmd Command
	r.Feed([]byte("*1048576\r\n$16777216\r\nabc"))
	if ok, err := r.Next(&cmd); ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := cap(r.buf) + 8*cap(r.args) + 24*cap(cmd.Args); got > 2*minBuffer {
		t.Errorf("%d bytes are held for 24 received", got)
	}
}

// TestGrowthFollowsInput feeds a large argument in small reads.
func TestGrowthFollowsInput(t *testing.T) {
	in := encode("SET", "k", strings.Repeat("v", 5<<20))
	r, src := NewReader(DefaultLimits()), bytes.NewReader(in)
	var cmd Command
	for received := 0; ; {
		n, err := r.Fill(src)
		if err != nil {
			t.Fatal(err)
		}
		received += n
		if cap(r.buf) > 4*received+minBuffer {
			t.Fatalf("buffer of %d bytes after %d received", cap(r.buf), received)
		}
		if ok, err := r.Next(&cmd); err != nil {
			t.Fatal(err)
		} else if ok {
			break
		}
	}
	if len(cmd.Args) != 3 || len(cmd.Args[2]) != 5<<20 || cmd.Size != len(in) {
		t.Fatalf("%d arguments, size %d", len(cmd.Args), cmd.Size)
	}
	if r.Release(); cap(r.buf) > keepBuffer {
		t.Errorf("%d bytes kept after a big command", cap(r.buf))
	}
}

// TestArgumentsStay reads on, by single bytes, while earlier arguments are in use.
func TestArgumentsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringN(0, 40, 200), 1, 60).Draw(t, "values")
		var in []byte
		for _, v := range values {
			in = append(in, encode("E", v)...)
		}
		swapAt := rapid.IntRange(0, len(in)).Draw(t, "swap at")
		r, src := NewReader(DefaultLimits()), bytes.NewReader(in)
		var got []Command
		for at := 0; ; at++ {
			if _, err := r.Fill(io.LimitReader(src, 1)); err != nil {
				break
			}
			if at == swapAt {
				r.Swap(nil)
			}
			var cmd Command
			if ok, err := r.Next(&cmd); err != nil {
				t.Fatal(err)
			} else if ok {
				got = append(got, cmd)
			}
		}
		if len(got) != len(values) {
			t.Fatalf("%d commands of %d", len(got), len(values))
		}
		for i, c := range got {
			if string(c.Args[1]) != values[i] {
				t.Fatalf("command %d: %q became %q", i, values[i], c.Args[1])
			}
		}
	})
}

// TestSteadyState is the promise of no allocation per command, with two buffers taking turns.
func TestSteadyState(t *testing.T) {
	var in []byte
	for range 100 {
		in = append(in, encode("SET", "key:0001", "some value of a usual length")...)
	}
	r, src := NewReader(DefaultLimits()), bytes.NewReader(nil)
	cmds := make([]Command, 200)
	var other []byte
	round := func() {
		src.Reset(in)
		for n := 0; n < 100; {
			if _, err := r.Fill(src); err != nil {
				t.Fatal(err)
			}
			for {
				ok, err := r.Next(&cmds[n])
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				n++
			}
		}
		other = r.Swap(other)
	}
	for range 4 {
		round()
	}
	if allocs := testing.AllocsPerRun(50, round); allocs != 0 {
		t.Errorf("%v allocations in 100 commands", allocs)
	}
}

func FuzzReader(f *testing.F) {
	for _, c := range readerCases {
		f.Add([]byte(c.in), uint16(3))
	}
	f.Add([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n"), uint16(9))
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		limits := Limits{MaxBulk: 512, MaxArgs: 64, MaxInline: 128, MaxCommand: 1024}
		whole, text := commands(limits, in)
		i := int(cut) % (len(in) + 1)
		parts, text2 := commands(limits, in[:i], in[i:])
		if fmt.Sprint(whole) != fmt.Sprint(parts) || text != text2 {
			t.Fatalf("whole: %v %q, cut at %d: %v %q", whole, text, i, parts, text2)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var in []byte
	for range 100 {
		in = append(in, encode("SET", "key:0001", "some value of a usual length")...)
	}
	r := NewReader(DefaultLimits())
	var cmd Command
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		r.Feed(in)
		for {
			if ok, _ := r.Next(&cmd); !ok {
				break
			}
		}
		r.Release()
	}
}
