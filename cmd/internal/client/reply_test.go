package client

import (
	"bufio"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func parse(text string) (Reply, error) {
	return readReply(bufio.NewReaderSize(strings.NewReader(text), 4096), 0)
}

func TestReadReply(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Reply
	}{
		{"+OK\r\n", Reply{Kind: '+', Text: "OK"}},
		{"-MOVED 1 a:2\r\n", Reply{Kind: '-', Text: "MOVED 1 a:2"}},
		{":-42\r\n", Reply{Kind: ':', Int: -42}},
		{"$5\r\na\r\nbc\r\n", Reply{Kind: '$', Text: "a\r\nbc"}},
		{"$0\r\n\r\n", Reply{Kind: '$'}},
		{"$-1\r\n", Reply{Kind: '$', Null: true}},
		{"*-1\r\n", Reply{Kind: '*', Null: true}},
		{"*0\r\n", Reply{Kind: '*'}},
		{"*2\r\n:1\r\n*1\r\n+x\r\n", Reply{Kind: '*', Items: []Reply{
			{Kind: ':', Int: 1}, {Kind: '*', Items: []Reply{{Kind: '+', Text: "x"}}}}}},
	} {
		got, err := parse(c.in)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %+v, %v", c.in, got, err)
		}
	}
}

func TestReadReplyRefusesWhatIsNotRESP(t *testing.T) {
	for _, in := range []string{
		"\r\n", "OK\r\n", "+OK\n", ":x\r\n", "$-2\r\n", "$99999999999\r\n", "$1\r\nabc", "*9999999\r\n",
		"_\r\n", "+" + strings.Repeat("x", 5000) + "\r\n", strings.Repeat("*1\r\n", 20) + ":1\r\n",
	} {
		if _, err := parse(in); !errors.Is(err, ErrProtocol) {
			t.Errorf("%.20q: error %v", in, err)
		}
	}
}

func TestReadReplyKnowsAnUnfinishedReply(t *testing.T) {
	whole := "*3\r\n$3\r\nabc\r\n:1\r\n$100000\r\n" + strings.Repeat("z", 100000) + "\r\n"
	if _, err := parse(whole); err != nil {
		t.Fatal(err)
	}
	for cut := range 30 {
		_, err := parse(whole[:cut])
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: error %v", cut, err)
		}
	}
	if _, err := parse(whole[:len(whole)-5]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut inside the large value: error %v", err)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"+OK\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n$-1\r\n", "*1048576\r\n", "$67108864\r\nx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) { _, _ = parse(in) })
}
