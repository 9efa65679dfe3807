package chaos

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

const (
	auditors   = 4
	auditChunk = 256 // keys in one pipeline
	// stuckTime is how long the audit tries for one chunk.
	stuckTime = time.Minute
	retryGap  = 20 * time.Millisecond
)

// chunk is a stretch of one writer's sequence numbers.
type chunk struct {
	book     *history.Writer
	from, to uint64
}

// audit reads back every write of the ledger and judges it. It returns how many were acknowledged.
func (r *run) audit(ctx context.Context) (acknowledged int64) {
	work := make(chan chunk)
	var acked atomic.Int64
	var all sync.WaitGroup
	for i := range auditors {
		all.Go(func() {
			session := r.session(ctx, i)
			for c := range work {
				acked.Add(r.auditChunk(ctx, session, c))
			}
		})
	}
	for _, book := range r.ledger.Writers() {
		for from := uint64(0); from < book.Len(); from += auditChunk {
			work <- chunk{book, from, min(book.Len(), from+auditChunk)}
		}
	}
	close(work)
	all.Wait()
	return acked.Load()
}

func (r *run) auditChunk(ctx context.Context, session *client.Session, c chunk) (acknowledged int64) {
	reads := make([]*client.Request, 0, c.to-c.from)
	for seq := c.from; seq < c.to; seq++ {
		key := c.book.Key(seq)
		reads = append(reads, &client.Request{Key: key, Args: []string{"GET", key}})
	}
	if left := insist(ctx, session, reads); left > 0 && ctx.Err() == nil {
		r.violations.add(Unhealed, fmt.Sprintf("%d of %d keys from %s on cannot be read", left, len(reads), reads[0].Key))
	}
	for i, read := range reads {
		seq := c.from + uint64(i)
		if c.book.Fate(seq) == fate.Done {
			acknowledged++
		}
		if read.Fate == fate.Done {
			r.weigh(c.book, seq, read)
		}
	}
	return acknowledged
}

// insist repeats reads until all are answered, and returns how many are not when it gives up.
func insist(ctx context.Context, session *client.Session, reads []*client.Request) (left int) {
	ctx, cancel := context.WithTimeout(ctx, stuckTime)
	defer cancel()
	for open := reads; len(open) > 0; {
		session.Batch(open)
		var again []*client.Request
		for _, r := range open {
			if r.Fate != fate.Done {
				again = append(again, r)
			}
		}
		if open = again; len(open) == 0 {
			break
		}
		if ctx.Err() != nil {
			return len(open)
		}
		pause(ctx, retryGap)
	}
	return 0
}

// weigh judges one write by what its key holds.
func (r *run) weigh(book *history.Writer, seq uint64, read *client.Request) {
	kinds := map[history.Finding]Violation{history.Lost: Lost, history.Phantom: Phantom, history.Corrupt: Corrupt}
	if kind, bad := kinds[book.Judge(seq, read.Reply.Text, !read.Reply.Null)]; bad {
		r.violations.add(kind, fmt.Sprintf("%s holds %q (null %v); the write of %q was %v",
			read.Key, read.Reply.Text, read.Reply.Null, book.Value(seq), book.Fate(seq)))
	}
}

// lastReads reads each contended key once more, after everything else: what was lost at the very end shows
// in no other read.
func (r *run) lastReads(ctx context.Context) {
	session := r.session(ctx, 0)
	for _, k := range r.recorder.Keys() {
		read := &client.Request{Key: k.Name, Args: []string{"GET", k.Name}}
		call := r.recorder.Now()
		if insist(ctx, session, []*client.Request{read}) > 0 {
			if ctx.Err() == nil {
				r.violations.add(Unhealed, k.Name+" cannot be read")
			}
			return
		}
		k.Record(history.Op{Kind: history.Get, Fate: fate.Done, Out: output(read), Call: call, Return: r.recorder.Now()})
	}
}
