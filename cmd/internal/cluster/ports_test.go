package cluster

import (
	"net"
	"testing"
)

func TestReserveGivesEachItsOwnPorts(t *testing.T) {
	seen := map[int]bool{}
	for range 5 {
		b, err := reserve(12)
		if err != nil {
			t.Fatal(err)
		}
		defer b.release()
		for i := range 12 {
			p := b.port(i)
			if seen[p] || p <= firstPort || p >= lastPort {
				t.Errorf("port %d", p)
			}
			seen[p] = true
		}
	}
	if _, err := reserve(blockSize); err == nil {
		t.Error("a block holds no more than itself")
	}
}

func TestABlockWithATakenPortIsPassedOver(t *testing.T) {
	b, err := reserve(4)
	if err != nil {
		t.Fatal(err)
	}
	b.release()
	first := b.first - 1
	taken, err := net.ListenPacket("udp", loopback(b.port(3)))
	if err != nil {
		t.Skip("somebody was faster: ", err)
	}
	defer taken.Close()
	if got := tryBlock(first, 4); got != nil {
		got.release()
		t.Error("a block was given whose last port is taken")
	}
	if got := tryBlock(first, 3); got == nil {
		t.Error("the ports before it are free")
	} else {
		got.release()
	}
}
