package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
	"github.com/troupedb/troupe/slotmap"
)

const (
	probeEvery = 10 * time.Millisecond // while all is well
	probeHaste = 2 * time.Millisecond  // while the shard is waited for
)

// prober writes to one slot of a shard, one key at a time.
type prober struct {
	shard   int
	session *client.Session
	book    *history.Writer
	tally   *tally
	faults  *faults
}

// run writes until ctx ends.
func (p *prober) run(ctx context.Context) {
	for ctx.Err() == nil {
		seq := p.book.Next()
		key, began := p.book.Key(seq), time.Now()
		r := p.session.Do(key, "SET", key, p.book.Value(seq))
		p.book.Record(seq, r.Fate)
		p.tally.count(&r)
		p.tally.latency(time.Since(began))
		if r.Fate == fate.Done {
			p.faults.acknowledged(p.shard, began, time.Now())
		}
		if p.faults.waiting(p.shard) {
			pause(ctx, probeHaste)
		} else {
			pause(ctx, probeEvery)
		}
	}
}

// keysIn returns a prefix for keys that all fall in a slot.
func keysIn(slot uint16) string {
	for i := 0; ; i++ {
		tag := fmt.Sprintf("{%x}", i)
		if slotmap.Slot([]byte(tag)) == slot {
			return "probe:" + tag + ":"
		}
	}
}
