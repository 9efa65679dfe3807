package netcut

import (
	"errors"
	"io"
	"net"
	"sync"
)

// chunk is what is read at a time. It is what a way that is cut may hold besides the system's own buffers.
const chunk = 32 << 10

// relayStreams listens for node i.
func (r *relays) relayStreams(i, p int) error {
	ln, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(port(relayAddr(r.block, i), p)))
	if err != nil {
		return err
	}
	r.keep(ln)
	r.all.Go(func() {
		for {
			conn, err := ln.AcceptTCP()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				r.keep(conn)
				r.all.Go(func() { r.relay(conn, i, p) })
			}
		}
	})
	return nil
}

// relay connects a connection to node i, and passes on what both ends say until both are done.
func (r *relays) relay(near *net.TCPConn, i, p int) {
	defer r.drop(near)
	from := r.sender(near.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
	if !r.wait(Way{from, i}) || !r.wait(Way{i, from}) {
		return
	}
	far, err := r.dial(from, i, p)
	if err != nil {
		_ = near.SetLinger(0) // a reset: nobody listens
		return
	}
	r.keep(far)
	defer r.drop(far)
	var both sync.WaitGroup
	both.Go(func() { r.pump(far, near, Way{from, i}) })
	both.Go(func() { r.pump(near, far, Way{i, from}) })
	both.Wait()
}

// dial connects to node i, from the address that others know the sender by.
func (r *relays) dial(from, i, p int) (*net.TCPConn, error) {
	var d net.Dialer
	if from >= 0 {
		d.LocalAddr = net.TCPAddrFromAddrPort(port(relayAddr(r.block, from), 0))
	}
	conn, err := d.DialContext(r.ctx, "tcp4", port(bindAddr(r.block, i), p).String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// pump passes on one direction. The end of the stream waits like everything else while the way is cut.
func (r *relays) pump(dst, src *net.TCPConn, w Way) {
	buf := make([]byte, chunk)
	for {
		n, err := src.Read(buf)
		if !r.wait(w) {
			return
		}
		if _, werr := dst.Write(buf[:n]); werr != nil {
			src.Close()
			return
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = dst.CloseWrite()
			return
		case err != nil:
			_ = dst.SetLinger(0)
			dst.Close()
			return
		}
	}
}
