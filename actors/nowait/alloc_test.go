//go:build linux && !race

package nowait

import "testing"

// What a request costs in allocations: nothing.
func TestAllocations(t *testing.T) {
	c, peer := pair(t)
	out, in := []byte("request"), make([]byte, 100)
	bufs := make([][]byte, pieces)
	for i := range bufs {
		bufs[i] = out
	}
	echo := func() {
		if _, err := peer.Write(out); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(in); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Read(in); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, echo); n != 0 {
		t.Errorf("a message there and back: %v allocations", n)
	}
	raw, err := peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if n := testing.AllocsPerRun(100, func() { Writev(int(fd), bufs) }); n != 0 {
			t.Errorf("Writev of %d buffers: %v allocations", len(bufs), n)
		}
	})
}
