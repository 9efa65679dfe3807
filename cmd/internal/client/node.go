package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// manyConns is more than are ever open to one node. go-redis stops dialling for a second after so many
// failed attempts, over the whole life of a client; here a node that was down is wanted back at once.
const manyConns = 1 << 14

// node is one node of a cluster, and the connections to it.
type node struct {
	addr      string
	redis     *redis.Client
	downUntil atomic.Int64 // unix ns
}

func (n *node) down(now time.Time) bool { return n.downUntil.Load() > now.UnixNano() }

// silence ends go-redis's own log: what it tells there is in the outcomes.
var silence = sync.OnceFunc(logging.Disable)

func newNode(addr string) *node {
	return &node{addr: addr, redis: redis.NewClient(options(addr, 3, manyConns))}
}

// options of a client that does everything once. The deadline of each call comes from its context.
func options(addr string, protocol, conns int) *redis.Options {
	silence()
	return &redis.Options{
		Addr:                     addr,
		Protocol:                 protocol,
		PoolSize:                 conns,
		MaxRetries:               -1,
		DialerRetries:            1,
		ContextTimeoutEnabled:    true,
		ReadTimeout:              -1,
		WriteTimeout:             -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// Ask connects to addr, sends one command and hangs up. An error means that there is no reply.
func Ask(ctx context.Context, addr string, timeout time.Duration, args ...string) (Reply, error) {
	replies, err := AskAll(ctx, addr, timeout, args)
	if err != nil {
		return Reply{}, err
	}
	return replies[0], nil
}

// AskAll is Ask with several commands in one pipeline.
func AskAll(ctx context.Context, addr string, timeout time.Duration, cmds ...[]string) ([]Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rdb := redis.NewClient(options(addr, 2, 1))
	defer rdb.Close()
	stop := context.AfterFunc(ctx, func() { rdb.Close() })
	defer stop()
	pipe := rdb.Pipeline()
	var sent []*redis.Cmd
	for _, cmd := range cmds {
		sent = append(sent, pipe.Do(ctx, anys(cmd)...))
	}
	_, _ = pipe.Exec(ctx) // each command has its own outcome
	var replies []Reply
	for _, cmd := range sent {
		_, reply, err := outcome(cmd.Result())
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

func anys(args []string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a
	}
	return out
}
