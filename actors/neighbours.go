package actors

import "net/netip"

// tellNeighbours tells whom it concerns how many nodes share this one's machine.
func (d *director) tellNeighbours() {
	if d.cfg.Neighbours == nil {
		return
	}
	beside := 0
	for id, p := range d.nodes {
		if id != d.self.ID && p.alive && !p.Gateway && p.Peer != d.self.Peer && sameMachine(p.Peer, d.self.Peer) {
			beside++
		}
	}
	if beside != d.beside {
		d.beside = beside
		d.cfg.Neighbours(beside)
	}
}

// sameMachine tells whether two addresses are of one machine, as far as they say.
func sameMachine(a, b string) bool {
	x, y := hostOf(a), hostOf(b)
	return x == y && x.IsValid() && !x.IsUnspecified() || x.IsLoopback() && y.IsLoopback()
}

// hostOf is the host of an address; not valid if there is none.
func hostOf(addr string) netip.Addr {
	a, _ := netip.ParseAddrPort(addr)
	return a.Addr().Unmap()
}
