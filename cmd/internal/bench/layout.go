package bench

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/slotmap"
)

// layout says which keys each node serves. It is immutable.
type layout struct {
	nodes []string   // those that serve any
	keys  [][]uint32 // by node
}

// learn asks the nodes, until one answers, who serves what, and sorts the keys accordingly.
func learn(ctx context.Context, addrs []string, keys iter.Seq[uint32]) (*layout, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	routes, asked := client.NewRoutes(addrs), uint64(0)
	defer routes.Close()
	err := cluster.Until(ctx, 50*time.Millisecond, func() error {
		asked++
		return routes.Refresh(ctx, asked)
	})
	if err != nil {
		return nil, fmt.Errorf("no node tells its slots: %w", err)
	}
	return sorted(func(slot uint16) string { return routes.Pick(slot, 0) }, keys), nil
}

// sorted gives each key to the node that serves its slot.
func sorted(server func(slot uint16) string, keys iter.Seq[uint32]) *layout {
	l, index := &layout{}, map[string]int{}
	var tag []byte
	for id := range keys {
		tag = appendTag(tag[:0], id)
		addr := server(slotmap.Slot(tag))
		i, known := index[addr]
		if !known {
			i = len(l.nodes)
			index[addr] = i
			l.nodes, l.keys = append(l.nodes, addr), append(l.keys, nil)
		}
		l.keys[i] = append(l.keys[i], id)
	}
	return l
}

// upTo yields the keys from 0 to n-1.
func upTo(n int) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for id := uint32(0); id < uint32(n) && yield(id); id++ {
		}
	}
}

// atlas holds the newest layout, shared by the callers of a load. Any goroutine.
type atlas struct {
	addrs []string
	keys  iter.Seq[uint32]
	all   func(ctx context.Context, addrs []string) (string, error) // who is asked for all keys; nil: who serves them

	mu struct {
		sync.Mutex
		now *layout
	}
}

func (a *atlas) learn(ctx context.Context) (*layout, error) {
	if a.all == nil {
		return learn(ctx, a.addrs, a.keys)
	}
	addr, err := a.all(ctx, a.addrs)
	if err != nil {
		return nil, err
	}
	return sorted(func(uint16) string { return addr }, a.keys), nil
}

// after returns a layout that is newer than one that has proven wrong; nil for the one at hand.
func (a *atlas) after(ctx context.Context, wrong *layout) (*layout, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.now != wrong {
		return a.mu.now, nil
	}
	now, err := a.learn(ctx)
	if err == nil {
		a.mu.now = now
	}
	return now, err
}
