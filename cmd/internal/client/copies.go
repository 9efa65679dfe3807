package client

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// copies is how many more nodes a write must be on before it counts; the zero value asks for none.
type copies struct {
	nodes  int
	within time.Duration
}

// ask adds WAIT to a pipeline. It covers all writes of the connection.
func (c copies) ask(ctx context.Context, pipe redis.Pipeliner) *redis.Cmd {
	if c.nodes == 0 {
		return nil
	}
	return pipe.Do(ctx, "WAIT", c.nodes, c.within.Milliseconds())
}

// settle makes a write that was answered a failed one if WAIT counted too few copies, and an unknown one if it
// counted none for want of an answer.
func (c copies) settle(r *Request, waited *redis.Cmd) {
	if waited == nil || r.Fate != fate.Done || r.Args[0] == "GET" {
		return
	}
	f, reply, err := outcome(waited.Result())
	switch {
	case f != fate.Done:
		r.Fate, r.Reply, r.Err = fate.Unknown, reply, err
	case reply.Int < int64(c.nodes):
		r.Fate, r.Reply = fate.Refused, Reply{err: fmt.Sprintf("WAIT counted %d of %d copies", reply.Int, c.nodes)}
	}
}
