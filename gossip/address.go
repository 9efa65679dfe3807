package gossip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// ownAddress is where this node listens, and where it says that it does.
type ownAddress struct {
	bind, advertise netip.AddrPort
	local           func() []netip.Addr // of this host's interfaces
}

// is tells whether a leads to this node, whatever form it was written in.
func (o ownAddress) is(a netip.AddrPort) bool {
	switch {
	case a == o.advertise || a == o.bind:
		return true
	case a.Port() != o.bind.Port():
		return false
	case a.Addr().IsUnspecified():
		return true // "this host" can only mean ourselves
	case !o.bind.Addr().IsUnspecified():
		return false
	}
	return a.Addr().IsLoopback() || slices.Contains(o.local(), a.Addr())
}

// parseBind reads ip:port; a port of 0 means any.
func parseBind(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("gossip: bind address %q: want ip:port", s)
	}
	return canonical(a), nil
}

// advertised works out the address to tell others: the given one, else the
// bound one, else the first private address of this host.
func advertised(ctx context.Context, given string, bind netip.AddrPort) (netip.AddrPort, error) {
	if given == "" {
		if !bind.Addr().IsUnspecified() {
			return bind, nil
		}
		ip, ok := privateAddr(localAddrs())
		if !ok {
			return bind, fmt.Errorf("gossip: bound to %v, and this host has no address to tell others: set the address to advertise", bind)
		}
		return netip.AddrPortFrom(ip, bind.Port()), nil
	}
	host, port := given, int(bind.Port())
	if h, p, err := net.SplitHostPort(given); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return bind, fmt.Errorf("gossip: address to advertise %q: bad port", given)
		}
		host, port = h, int(n)
	}
	ips, err := lookup(ctx, host, bind.Addr().Is4())
	if err != nil {
		return bind, fmt.Errorf("gossip: address to advertise %q: %w", given, err)
	}
	return netip.AddrPortFrom(ips[0], uint16(port)), nil
}

// resolve returns the addresses that an entry of a join list stands for,
// sorted. A name with addresses of both families counts only those of the
// family that this node uses, so that localhost is one address and not two.
func resolve(ctx context.Context, entry string, v4 bool) ([]netip.AddrPort, error) {
	host, p, err := net.SplitHostPort(entry)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return nil, err
	}
	ips, err := lookup(ctx, host, v4)
	if err != nil {
		return nil, err
	}
	out := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		out[i] = netip.AddrPortFrom(ip, uint16(port))
	}
	return out, nil
}

func lookup(ctx context.Context, host string, v4 bool) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap().WithZone("")}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	return preferred(ips, v4), nil
}

// preferred returns the addresses of one family if there are any, else all.
func preferred(ips []netip.Addr, v4 bool) []netip.Addr {
	var same, all []netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap().WithZone("")
		all = append(all, ip)
		if ip.Is4() == v4 {
			same = append(same, ip)
		}
	}
	if len(same) > 0 {
		all = same
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

func canonical(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// localAddrs returns this host's own addresses.
func localAddrs() []netip.Addr {
	ifaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range ifaces {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap().WithZone(""))
		}
	}
	return out
}

// privateAddr picks the address to tell others when bound to all: a private
// IPv4 one, else any that is routed.
func privateAddr(addrs []netip.Addr) (netip.Addr, bool) {
	for _, a := range addrs {
		if a.Is4() && a.IsPrivate() {
			return a, true
		}
	}
	for _, a := range addrs {
		if a.IsGlobalUnicast() {
			return a, true
		}
	}
	return netip.Addr{}, false
}
