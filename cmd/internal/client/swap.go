package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

var errExec = errors.New("odd reply of MULTI or EXEC")

// Swap is a compare-and-set. It reads key under WATCH and hands the read to decide, whatever its fate; if
// that is Done it then stores what decide returned, by MULTI, SET and EXEC on the same connection.
//
// swapped is false with a write that is Done when the key was touched in between, which is a definite
// answer too: nothing was written. A write that was never tried, for want of a read, is nil.
func (s *Session) Swap(key string, decide func(read *Request) (value string)) (write *Request, swapped bool) {
	read := &Request{Key: key, Args: []string{"GET", key}}
	for {
		n := s.routes.pick(slotmap.Slot([]byte(key)), s.salt)
		read.Addr = n.addr
		write, swapped = s.swapAt(n, read, decide)
		s.conclude(&group{node: n, reqs: []*Request{read}})
		if write != nil {
			s.conclude(&group{node: n, reqs: []*Request{write}})
		}
		if write != nil || read.Code() != "MOVED" || read.Moved == maxHops {
			break
		}
		read.Moved++
	}
	if write == nil {
		decide(read)
	}
	return write, swapped
}

// swapAt is Swap at one node. decide is called only with a read that is Done.
func (s *Session) swapAt(n *node, read *Request, decide func(*Request) string) (write *Request, swapped bool) {
	ctx, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	err := n.redis.Watch(ctx, func(tx *redis.Tx) error {
		read.settle(tx.Do(ctx, anys(read.Args)...).Result())
		if read.Fate == fate.Done {
			write = &Request{Key: read.Key, Args: []string{"SET", read.Key, decide(read)}, Addr: n.addr}
			swapped = write.commit(ctx, tx, s.copies)
		}
		return nil
	}, read.Key)
	if err != nil { // of WATCH: the callback returns none
		read.settle(nil, err)
	}
	return write, swapped
}

// commit sends MULTI, the request and EXEC. It does not use TxPipelined, which reports an error of MULTI as
// that of the request: without MULTI the request may have been carried out at once.
func (r *Request) commit(ctx context.Context, tx *redis.Tx, both copies) (swapped bool) {
	pipe := tx.Pipeline()
	multi, _, exec := pipe.Do(ctx, "MULTI"), pipe.Do(ctx, anys(r.Args)...), pipe.Do(ctx, "EXEC")
	waited := both.ask(ctx, pipe)
	_, _ = pipe.Exec(ctx)
	r.settle(exec.Result())
	if f, reply, err := outcome(multi.Result()); err == nil && f != fate.Done {
		r.Fate, r.Err = fate.Unknown, fmt.Errorf("%w: MULTI answered %s", errExec, reply.err)
		return false
	}
	if r.Fate != fate.Done || !r.executed() {
		return false
	}
	both.settle(r, waited)
	return r.Fate == fate.Done
}

// executed takes the reply of the request out of that of EXEC, which is null if the key was touched.
func (r *Request) executed() bool {
	switch {
	case r.Reply.Null:
		return false
	case len(r.Reply.Items) != 1:
		r.Fate, r.Err = fate.Unknown, fmt.Errorf("%w: %d replies to one command", errExec, len(r.Reply.Items))
		return false
	}
	r.Reply = r.Reply.Items[0]
	if r.Reply.err != "" {
		r.Fate = fate.OfError(r.Reply.err)
	}
	return r.Fate == fate.Done
}
