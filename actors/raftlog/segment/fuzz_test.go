package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// allocated is how much f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What is read is what would be written.
func FuzzRead(f *testing.F) {
	var b Batch
	b.Set([]byte("k"), []byte("v"))
	b.Delete([]byte("k"))
	b.Cut(1, 2, 3)
	b.Put(1, 2, 3)
	f.Add(b.Bytes())
	f.Add([]byte{opSet, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		var again Batch
		ops := Read(in)
		for {
			left := ops.left()
			op, ok, err := ops.Next()
			if err != nil {
				if ops.left() != left {
					t.Fatal("goes on after an error")
				}
				in = in[:len(in)-left]
				break
			}
			if !ok {
				break
			}
			add(&again, op)
		}
		if !bytes.Equal(again.Bytes(), in) {
			t.Fatalf("%x\n%x", in, again.Bytes())
		}
	})
}

func FuzzFrame(f *testing.F) {
	good := frame{nonce: 1, sequence: 2, durable: 3, content: []byte("content")}
	f.Add(good.bytes(), uint8(0))
	f.Add(append(good.bytes(), "more"...), uint8(5))
	huge := good.bytes()
	binary.LittleEndian.PutUint32(huge[20:], 0xffffffff)
	f.Add(huge, uint8(0))
	f.Fuzz(func(t *testing.T, in []byte, flip uint8) {
		fr, ok := parseFrame(in)
		if !ok {
			return
		}
		size := frameHeader + len(fr.content)
		if !bytes.Equal(fr.bytes(), in[:size]) {
			t.Fatalf("%x", in)
		}
		in = bytes.Clone(in)
		in[int(flip)%size] ^= 1
		if _, ok := parseFrame(in); ok {
			t.Fatalf("byte %d does not matter", int(flip)%size)
		}
	})
}

func FuzzBase(f *testing.F) {
	good := base{id: 1, next: 2, segments: []listed{{1, 2, 3}}, streams: []extent{{4, 5, 6}, {7, 8, 9}}, values: []byte("v")}
	f.Add(good.append(nil))
	many := good.append(nil)
	binary.LittleEndian.PutUint32(many[len(baseMagic)+12:], 0xffffffff)
	f.Add(many)
	f.Fuzz(func(t *testing.T, in []byte) {
		var b base
		var err error
		if n := allocated(func() { b, err = parseBase(in) }); n > uint64(16*len(in)+1<<16) {
			t.Fatalf("%d bytes allocated for %d", n, len(in))
		}
		if err == nil && !bytes.Equal(b.append(nil), in) {
			t.Fatalf("%x", in)
		}
	})
}

// FuzzOpen opens a valid directory of which one file has other bytes somewhere, or is something else: it opens, or is
// corrupt.
func FuzzOpen(f *testing.F) {
	l := newLedger(f, 4<<10)
	l.until(f, 6, always)
	frozen := cloneMem(f, l.mem)
	names := paths(f, frozen, testDir)
	junk := make([]byte, 200)
	for i := range junk {
		junk[i] = byte(rand.New(rand.NewPCG(1, uint64(i))).Uint32())
	}
	f.Add(uint8(0), uint16(20), []byte{0xff, 0xff, 0xff, 0x3f}, false)
	f.Add(uint8(1), uint16(0), junk, true)
	f.Add(uint8(2), uint16(0), []byte(read(f, frozen, names[0])[:300]), true)
	for i := range names {
		f.Add(uint8(i), uint16(frameHeader+20), []byte{1, 2, 3}, false)
		f.Add(uint8(i), uint16(0), []byte{}, true)
	}
	f.Fuzz(func(t *testing.T, file uint8, off uint16, in []byte, replace bool) {
		fs := cloneMem(t, frozen)
		name := names[int(file)%len(names)]
		if replace {
			write(t, fs, name, in)
		} else {
			overwrite(t, fs, name, int64(off), in)
		}
		before := contents(t, fs)
		size := 0
		for _, data := range before {
			size += len(data)
		}
		var s *Store
		var err error
		if n := allocated(func() { s, err = Open(options(fs, 4<<10)) }); n > uint64(64*size+1<<20) {
			t.Fatalf("%d bytes allocated for %d", n, size)
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if _, err := dump(s); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		puts(t, s, 99, 1, 2, 10, "after")
		mustClose(t, s)
		s = mustOpen(t, options(fs, 4<<10))
		if s.streams[99] == nil {
			t.Fatal("what was committed after it is lost")
		}
		mustClose(t, s)
	})
}

// A directory that nothing valid is in has no memory of any size for what its files say.
func TestOpenOfHugeSizes(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	h := make([]byte, 4096)
	binary.LittleEndian.PutUint32(h[20:], maxFrame)
	write(t, mem, testDir+"/00000001.segment", h)
	n := allocated(func() {
		if s, err := Open(options(mem, 4<<10)); err == nil {
			mustClose(t, s)
		}
	})
	if n > 1<<20 {
		t.Fatalf("%d bytes allocated", n)
	}
}
