package session

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// monitors are the clients that see every command. Any goroutine.
type monitors struct {
	mu   sync.Mutex // of writers
	list atomic.Pointer[[]*client]
}

func (m *monitors) any() bool { return len(m.all()) > 0 }

func (m *monitors) all() []*client {
	if list := m.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (m *monitors) add(c *client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.all(); !slices.Contains(old, c) {
		next := append(slices.Clone(old), c)
		m.list.Store(&next)
	}
}

func (m *monitors) remove(c *client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.all(); slices.Contains(old, c) {
		next := slices.DeleteFunc(slices.Clone(old), func(o *client) bool { return o == c })
		m.list.Store(&next)
	}
}

// feed shows a command to the monitors.
func (s *Server) feed(from *client, args [][]byte) {
	now := time.Now()
	line := fmt.Appendf(nil, "+%d.%06d [0 %s]", now.Unix(), now.Nanosecond()/1000, from.addr)
	for _, a := range args {
		line = appendQuoted(append(line, ' '), a)
	}
	line = append(line, '\r', '\n')
	for _, c := range s.monitors.all() {
		s.deliver(c, line, classReplica)
	}
}

// appendQuoted writes an argument as Redis shows one: printable, on one line.
func appendQuoted(dst, arg []byte) []byte {
	dst = append(dst, '"')
	for _, c := range arg {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\a':
			dst = append(dst, `\a`...)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c < ' ' || c > '~':
			dst = append(dst, `\x`...)
			dst = append(dst, strconv.FormatUint(uint64(c)+0x100, 16)[1:]...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// monitor answers, and has everything that is carried out from now on shown to this client.
func monitor(s *session, _ [][]byte) {
	s.seg.local.OK()
	s.seg.stop = true
	s.info.setFlag(flagMonitor, true)
	s.srv.monitors.add(s.info)
}
