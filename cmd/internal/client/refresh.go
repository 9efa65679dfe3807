package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

const (
	refreshGap     = 50 * time.Millisecond // least time between two questions for the slot table
	refreshTimeout = 500 * time.Millisecond
)

// Stale says that the table is likely out of date. It never blocks; Run asks again soon.
func (r *Routes) Stale() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run keeps the table fresh, on demand, until ctx ends.
func (r *Routes) Run(ctx context.Context) {
	pause := time.NewTicker(refreshGap)
	defer pause.Stop()
	for salt := uint64(0); ; salt++ {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		_ = r.Refresh(ctx, salt) // the table is a hint: without it the redirects have to do
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// Refresh asks a node, chosen by salt, for the slot table. A range without a leader keeps its old place.
func (r *Routes) Refresh(ctx context.Context, salt uint64) error {
	r.mu.RLock()
	addr := r.any(time.Now(), salt).addr
	r.mu.RUnlock()
	reply, err := Ask(ctx, addr, refreshTimeout, "CLUSTER", "SLOTS")
	if err != nil {
		r.Down(addr)
		return err
	}
	if text := reply.Err(); text != "" {
		return fmt.Errorf("CLUSTER SLOTS at %s: %s", addr, text)
	}
	ranges, err := parseSlots(reply)
	if err != nil {
		return fmt.Errorf("CLUSTER SLOTS at %s: %w", addr, err)
	}
	for _, g := range ranges {
		i := r.index(g.addr)
		for s := int(g.first); s <= int(g.last); s++ {
			r.slots[s].Store(i)
		}
	}
	return nil
}

type slotRange struct {
	first, last uint16
	addr        string
}

// parseSlots reads the reply of CLUSTER SLOTS: per range the first and the last slot, then the master.
func parseSlots(reply Reply) ([]slotRange, error) {
	var out []slotRange
	for _, item := range reply.Items {
		if len(item.Items) < 3 || len(item.Items[2].Items) < 2 {
			return nil, errors.New("a range without a master")
		}
		first, last, master := item.Items[0].Int, item.Items[1].Int, item.Items[2].Items
		if first < 0 || last < first || last >= slotmap.Count {
			return nil, fmt.Errorf("range %d-%d", first, last)
		}
		addr := net.JoinHostPort(master[0].Text, strconv.FormatInt(master[1].Int, 10))
		out = append(out, slotRange{uint16(first), uint16(last), addr})
	}
	return out, nil
}
