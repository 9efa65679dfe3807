package client

import (
	"fmt"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

// Watched is a key under WATCH, between its read and its conditional write.
type Watched struct {
	s    *Session
	key  string
	addr string
	conn *Conn
}

// Watch sends WATCH and GET. The request is the GET's; Watched is nil unless that is Done.
func (s *Session) Watch(key string) (Request, *Watched) {
	r := Request{Key: key, Args: []string{"GET", key}}
	r.Addr = s.routes.Pick(slotmap.Slot([]byte(key)), s.salt)
	conn, err := s.conn(r.Addr)
	if err != nil {
		r.Fate, r.Err = fate.Refused, err
		s.lost(r.Addr)
		return r, nil
	}
	replies, err := conn.Do(time.Now().Add(s.timeout), []string{"WATCH", key}, r.Args)
	if err != nil {
		r.Err = err
		s.lost(r.Addr)
		return r, nil
	}
	s.settle(&r, replies[1])
	if text := replies[0].Err(); text != "" { // the GET may have gone through, but nothing is watched
		s.settle(&r, replies[0])
	}
	if r.Fate != fate.Done {
		s.drop(r.Addr) // and with it whatever is still watched
		return r, nil
	}
	return r, &Watched{s, key, r.Addr, conn}
}

// Set sends MULTI, SET and EXEC on the connection of the WATCH. swapped is false when the key had been
// touched in between, which is a definite answer too: Done, and nothing was written.
func (w *Watched) Set(value string) (r Request, swapped bool) {
	r = Request{Key: w.key, Args: []string{"SET", w.key, value}, Addr: w.addr}
	replies, err := w.conn.Do(time.Now().Add(w.s.timeout), []string{"MULTI"}, r.Args, []string{"EXEC"})
	if err != nil {
		r.Err = err
		w.s.lost(w.addr)
		return r, false
	}
	r.Reply = replies[2]
	if text := replies[0].Err(); text != "" { // then the SET was not queued but maybe done at once
		r.Err = fmt.Errorf("MULTI: %s", text)
		w.s.drop(w.addr)
		return r, false
	}
	return r, w.executed(&r)
}

// executed settles the request by the reply of EXEC: null, an error line, or the reply of the SET.
func (w *Watched) executed(r *Request) bool {
	switch {
	case r.Reply.Null:
		r.Fate = fate.Done
	case r.Reply.Kind == '-':
		w.s.settle(r, r.Reply)
	case r.Reply.Kind == '*' && len(r.Reply.Items) == 1:
		w.s.settle(r, r.Reply.Items[0])
		return r.Fate == fate.Done
	default:
		r.Err = fmt.Errorf("%w: EXEC of one command answered %q", ErrProtocol, r.Reply.Kind)
		w.s.drop(w.addr)
	}
	return false
}
