package netcut

import (
	"errors"
	"net"
)

// relayDatagrams listens for node i. Packets are passed on from the socket of the sender's relay, so that an
// answer to where they came from takes the same way back.
func (r *relays) relayDatagrams(i, p int) error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(port(relayAddr(r.block, i), p)))
	if err != nil {
		return err
	}
	r.keep(conn)
	r.mu.Lock()
	r.mu.packets[socket{i, p}] = conn
	r.mu.Unlock()
	r.all.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // of an earlier packet that nobody took
			}
			r.pass(buf[:n], Way{r.sender(from.Addr()), i}, int(from.Port()), p)
		}
	})
	return nil
}

// pass sends a packet to node w.To, unless the way is cut.
func (r *relays) pass(packet []byte, w Way, fromPort, toPort int) {
	if cut, _ := r.blocked(w); cut {
		return
	}
	r.mu.Lock()
	via := r.mu.packets[socket{w.From, fromPort}]
	r.mu.Unlock()
	if via != nil {
		_, _ = via.WriteToUDPAddrPort(packet, port(bindAddr(r.block, w.To), toPort)) // may be lost, as any packet
	}
}
