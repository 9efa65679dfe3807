package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrEnded is a node that ended without being told to. Waiting does not help.
var ErrEnded = errors.New("node ended by itself")

// Until calls f now and then until it returns nil. It gives up when ctx ends or on ErrEnded, and then says
// what f said last.
func Until(ctx context.Context, every time.Duration, f func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := f()
		if err == nil || errors.Is(err, ErrEnded) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}
