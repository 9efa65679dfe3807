package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
	"github.com/vmihailenco/msgpack/v5"
)

var someHello = Hello{
	Version: Version,
	Cluster: slotmap.ClusterID{1, 2, 3},
	Node:    slotmap.NodeID{4, 5, 6},
	To:      slotmap.NodeID{7, 8, 9},
	Peer:    "10.0.0.1:16379",
	Bulk:    true,
}

func written(t *testing.T, h Hello) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHello(&b, h); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(b []byte) (Hello, error) { return ReadHello(bufio.NewReader(bytes.NewReader(b))) }

func TestHelloRoundTrip(t *testing.T) {
	long := someHello
	long.Peer = strings.Repeat("x", MaxAddr)
	for _, h := range []Hello{someHello, {Version: Version}, long} {
		r := bufio.NewReader(bytes.NewReader(AppendFrame(written(t, h), "a", &Ping{ID: 3})))
		back, err := ReadHello(r)
		if err != nil || back != h || back.Check(h) != nil {
			t.Errorf("%+v comes back as %+v, %v", h, back, err)
		}
		b, err := ReadFrame(r, nil, MaxFrame)
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := DecodeFrame(b); err != nil || m.(*Ping).ID != 3 {
			t.Errorf("the frame behind the hello: %v", err)
		}
	}
}

func TestHelloIsMsgpack(t *testing.T) {
	var a []any
	if err := msgpack.Unmarshal(written(t, someHello)[len(magic)+frameHead:], &a); err != nil || len(a) != helloFields {
		t.Errorf("%v, %v", a, err)
	}
}

func TestHelloCheck(t *testing.T) {
	other, empty, newer := someHello, someHello, someHello
	other.Cluster, empty.Cluster, newer.Version = slotmap.ClusterID{9}, slotmap.ClusterID{}, Version+1
	for _, c := range []struct {
		h    Hello
		want error
	}{{someHello, nil}, {other, ErrCluster}, {empty, ErrCluster}, {newer, ErrVersion}} {
		if err := c.h.Check(someHello); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.h, err)
		}
	}
}

func TestReadHelloRefuses(t *testing.T) {
	good := written(t, someHello)
	framed := func(b []byte) []byte { return append(append([]byte(magic), head(uint32(len(b)))...), b...) }
	newer := someHello
	newer.Version = Version + 1
	cut := func(fields int, b []byte) []byte { return framed(append(pack.AppendArray(nil, fields), b...)) }
	rest := good[len(magic)+frameHead+1:]
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"half the magic", good[:4], io.ErrUnexpectedEOF},
		{"HTTP", []byte("GET / HTTP/1.1\r\n\r\n"), ErrMagic},
		{"RESP", []byte("*1\r\n$4\r\nPING\r\n"), ErrMagic},
		{"magic alone", good[:len(magic)], io.ErrUnexpectedEOF},
		{"half the frame", good[:len(good)-1], io.ErrUnexpectedEOF},
		{"frame over the limit", append([]byte(magic), append(head(MaxHello+1), make([]byte, MaxHello+1)...)...), ErrFrameSize},
		{"frame at the limit, of nothing", framed(make([]byte, MaxHello)), pack.ErrType},
		{"newer", written(t, newer), ErrVersion},
		{"newer with more fields", cut(helloFields+1, append(pack.AppendUint(nil, 9), 1, 2, 3, 4, 5, 6)), ErrVersion},
		{"trailing", framed(append(bytes.Clone(good[len(magic)+frameHead:]), 0)), pack.ErrTrailing},
		{"a field more", cut(helloFields+1, append(bytes.Clone(rest), 0)), ErrInvalid},
		{"a field less", cut(helloFields-1, rest), ErrInvalid},
		{"short cluster id", cut(helloFields, pack.AppendBytes(pack.AppendUint(nil, Version), make([]byte, 15))), ErrInvalid},
		{"long cluster id", cut(helloFields, pack.AppendBytes(pack.AppendUint(nil, Version), make([]byte, 17))), pack.ErrLimit},
	} {
		if h, err := read(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", c.name, h, err)
		}
	}
}

func TestHelloAddressLimit(t *testing.T) {
	h := someHello
	h.Peer = strings.Repeat("x", MaxAddr+1)
	if err := WriteHello(io.Discard, h); !errors.Is(err, ErrInvalid) {
		t.Errorf("written: %v", err)
	}
	b := pack.AppendUint(pack.AppendArray(nil, helloFields), Version)
	b = pack.AppendBytes(b, make([]byte, 16))
	b = pack.AppendBytes(b, make([]byte, 20))
	b = pack.AppendBytes(b, make([]byte, 20))
	b = pack.AppendBool(pack.AppendString(b, h.Peer), false)
	if _, err := decodeHello(b); !errors.Is(err, pack.ErrLimit) {
		t.Errorf("read: %v", err)
	}
}

func FuzzReadHello(f *testing.F) {
	var b bytes.Buffer
	_ = WriteHello(&b, someHello)
	f.Add(b.Bytes())
	f.Add([]byte(magic + "\x00\x00\x00\x01\x90"))
	f.Add([]byte(magic + "\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := read(in)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteHello(&out, h); err != nil {
			t.Fatal(err)
		}
		if back, err := read(out.Bytes()); err != nil || back != h {
			t.Fatalf("%+v comes back as %+v, %v", h, back, err)
		}
	})
}
