package gossip

import (
	"context"
	"net/netip"
	"reflect"
	"testing"
)

func TestOwnAddress(t *testing.T) {
	local := func() []netip.Addr {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.5")}
	}
	tests := []struct {
		bind, advertise, a string
		want               bool
	}{
		{"127.0.0.1:7", "127.0.0.1:7", "127.0.0.1:7", true},
		{"127.0.0.1:7", "127.0.0.1:7", "127.0.0.1:8", false},
		{"127.0.0.1:7", "127.0.0.1:7", "127.0.0.2:7", false},
		{"127.0.0.1:7", "127.0.0.1:7", "0.0.0.0:7", true},
		{"0.0.0.0:7", "10.0.0.5:7", "127.0.0.1:7", true},
		{"0.0.0.0:7", "10.0.0.5:7", "[::1]:7", true},
		{"0.0.0.0:7", "10.0.0.5:7", "10.0.0.5:7", true},
		{"0.0.0.0:7", "10.0.0.5:7", "10.0.0.6:7", false},
		{"0.0.0.0:7", "10.0.0.5:7", "10.0.0.5:8", false},
		{"[::]:7", "10.0.0.5:7", "127.0.0.1:7", true},
		{"10.0.0.5:7", "203.0.113.9:17", "203.0.113.9:17", true},
		{"10.0.0.5:7", "203.0.113.9:17", "203.0.113.9:7", false},
		{"10.0.0.5:7", "10.0.0.5:7", "127.0.0.1:7", false},
	}
	for _, tt := range tests {
		o := ownAddress{netip.MustParseAddrPort(tt.bind), netip.MustParseAddrPort(tt.advertise), local}
		if got := o.is(netip.MustParseAddrPort(tt.a)); got != tt.want {
			t.Errorf("bound to %s as %s: is %s ourselves? %v", tt.bind, tt.advertise, tt.a, got)
		}
	}
}

func TestResolve(t *testing.T) {
	ctx := context.Background()
	for entry, want := range map[string]string{
		"127.0.0.1:7":        "127.0.0.1:7",
		"localhost:7":        "127.0.0.1:7",
		"[::1]:7":            "[::1]:7",
		"[::ffff:1.2.3.4]:7": "1.2.3.4:7",
	} {
		got, err := resolve(ctx, entry, true)
		if err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: got %v, %v", entry, got, err)
		}
	}
	for _, entry := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":::"} {
		if got, err := resolve(ctx, entry, true); err == nil {
			t.Errorf("%s: got %v", entry, got)
		}
	}
}

func TestPreferred(t *testing.T) {
	ip := netip.MustParseAddr
	mixed := []netip.Addr{ip("::1"), ip("10.0.0.2"), ip("10.0.0.1"), ip("::ffff:10.0.0.1")}
	if got := preferred(mixed, true); !reflect.DeepEqual(got, []netip.Addr{ip("10.0.0.1"), ip("10.0.0.2")}) {
		t.Errorf("v4: %v", got)
	}
	if got := preferred(mixed, false); !reflect.DeepEqual(got, []netip.Addr{ip("::1")}) {
		t.Errorf("v6: %v", got)
	}
	if got := preferred(mixed[1:], false); len(got) != 2 {
		t.Errorf("v6 without any: %v", got)
	}
}

func TestAdvertised(t *testing.T) {
	ctx := context.Background()
	bind := netip.MustParseAddrPort("127.0.0.1:7")
	for given, want := range map[string]string{"": "127.0.0.1:7", "10.1.1.1": "10.1.1.1:7", "10.1.1.1:9": "10.1.1.1:9", "localhost": "127.0.0.1:7"} {
		if got, err := advertised(ctx, given, bind); err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v", given, got, err)
		}
	}
	if got, err := advertised(ctx, "10.1.1.1:99999", bind); err == nil {
		t.Errorf("bad port: got %v", got)
	}
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("fe80::1"), netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("192.168.1.1")}
	if got, _ := privateAddr(addrs); got.String() != "192.168.1.1" {
		t.Errorf("private: %v", got)
	}
	if got, _ := privateAddr(addrs[:3]); got.String() != "203.0.113.1" {
		t.Errorf("public: %v", got)
	}
	if got, ok := privateAddr(addrs[:2]); ok {
		t.Errorf("none: %v", got)
	}
}
