package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func head(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// TestReadFrames: a stream of frames of any size, arriving in any pieces, is
// read as it was written, then ends with io.EOF.
func TestReadFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 15, 16, 4095, 4096, 65535, 65536, 65537, 200000, MaxChunk}), 0, 6).Draw(t, "sizes")
		var stream []byte
		for i, n := range sizes {
			stream = AppendFrame(stream, "bulk", &Chunk{Data: bytes.Repeat([]byte{byte(i)}, n)})
		}
		var src io.Reader = bytes.NewReader(stream)
		if rapid.Bool().Draw(t, "halves") {
			src = iotest.HalfReader(src)
		}
		r := bufio.NewReaderSize(src, rapid.SampledFrom([]int{16, 4096, 1 << 16}).Draw(t, "buffer"))
		var buf []byte
		for i, n := range sizes {
			b, err := ReadFrame(r, buf, MaxFrame)
			if err != nil {
				t.Fatal(err)
			}
			_, m, err := DecodeFrame(b)
			if err != nil || !bytes.Equal(m.(*Chunk).Data, bytes.Repeat([]byte{byte(i)}, n)) {
				t.Fatalf("frame %d: %v", i, err)
			}
			buf = b
		}
		if _, err := ReadFrame(r, buf, MaxFrame); err != io.EOF {
			t.Fatalf("after the last frame: %v", err)
		}
	})
}

func TestReadFrameFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		max  int
		want error
	}{
		{"nothing", nil, 10, io.EOF},
		{"a part of the length", head(5)[:3], 10, io.ErrUnexpectedEOF},
		{"length only", head(5), 10, io.ErrUnexpectedEOF},
		{"a part of the body", append(head(5), 1, 2), 10, io.ErrUnexpectedEOF},
		{"empty", head(0), 10, ErrFrameSize},
		{"at the limit", append(head(10), make([]byte, 10)...), 10, nil},
		{"over the limit", append(head(11), make([]byte, 11)...), 10, ErrFrameSize},
		{"4 GiB", append(head(1<<32-1), 1), MaxFrame, ErrFrameSize},
	} {
		b, err := ReadFrame(bufio.NewReader(bytes.NewReader(c.in)), nil, c.max)
		if !errors.Is(err, c.want) || (b == nil) != (c.want != nil) {
			t.Errorf("%s: %v, %v", c.name, b, err)
		}
	}
}

func TestReadFrameReusesBuffer(t *testing.T) {
	frame := AppendFrame(nil, "x", &Ping{ID: 1})
	buf := make([]byte, 0, 64)
	src := bytes.NewReader(nil)
	r := bufio.NewReader(src)
	if n := testing.AllocsPerRun(100, func() {
		src.Reset(frame)
		r.Reset(src)
		if b, err := ReadFrame(r, buf, MaxFrame); err != nil || &b[0] != &buf[:1][0] {
			t.Fatal("another buffer", err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// allocated returns the bytes that f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestClaimsTakeNoMemory: what a length says takes nothing; what arrives does.
func TestClaimsTakeNoMemory(t *testing.T) {
	const little = 1 << 20
	if n := allocated(func() {
		_, _ = ReadFrame(bufio.NewReader(bytes.NewReader(append(head(MaxFrame), 1, 2, 3))), nil, MaxFrame)
	}); n > little {
		t.Errorf("a claimed frame took %d bytes", n)
	}
	lies := map[string][]byte{
		"entries":  broken(uint64(KindRaft), "", u(1), raw("\x9d\x03\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0\xdd\x00\x3f\xff\xfc\x00")),
		"ends":     broken(uint64(KindReply), "", u(1), u(0), bin(0), raw("\xdd\x7f\xff\xff\xff\x00")),
		"replies":  broken(uint64(KindReply), "", u(1), u(0), raw("\xc6\x7f\xff\xff\xff\x00")),
		"chunk":    broken(uint64(KindChunk), "", raw("\xc6\x00\x10\x00\x00\x00")),
		"target":   []byte("\x93\x01\xdb\x7f\xff\xff\xff"),
		"array":    []byte("\xdd\x7f\xff\xff\xff"),
		"voters":   broken(uint64(KindRaft), "", u(1), raw("\x9d\x07\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0\x90\x92\xc0\x93\x01\x01\x95\xdd\x7f\xff\xff\xff")),
		"metadata": broken(uint64(KindRaft), "", u(1), raw("\x9d\x07\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0\x90\x92\xc0\xdd\x7f\xff\xff\xff")),
	}
	for name, b := range lies {
		if n := allocated(func() {
			if _, _, err := DecodeFrame(b); err == nil {
				t.Errorf("claimed %s decode", name)
			}
		}); n > little {
			t.Errorf("claimed %s took %d bytes", name, n)
		}
	}
}

// TestEntriesFollowBytes: even when bytes back the claim, entries take memory
// only as far as they decode.
func TestEntriesFollowBytes(t *testing.T) {
	const n = 4 << 20
	b := broken(uint64(KindRaft), "", u(1), raw("\x9d\x03\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0\xdd\x00\x3f\xff\xfc"))
	b = append(b, bytes.Repeat([]byte{0xc1}, n)...) // a byte that begins no value
	if got := allocated(func() { _, _, _ = DecodeFrame(b) }); got > 2*n {
		t.Errorf("%d bytes of nonsense took %d bytes", len(b), got)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, "a", &Ping{ID: 1}), "b", &Chunk{Data: make([]byte, 100)}), uint16(10))
	f.Add(head(1<<31), uint16(0))
	f.Fuzz(func(t *testing.T, in []byte, room uint16) {
		r := bufio.NewReader(bytes.NewReader(in))
		buf := make([]byte, 0, room)
		read := 0
		for {
			b, err := ReadFrame(r, buf, 1<<16)
			if err != nil {
				break
			}
			if read += frameHead + len(b); read > len(in) || len(b) == 0 || len(b) > 1<<16 {
				t.Fatalf("%d bytes read out of %d", read, len(in))
			}
			_, _, _ = DecodeFrame(b)
		}
	})
}
