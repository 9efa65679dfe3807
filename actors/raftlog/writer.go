package raftlog

import (
	"fmt"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
)

// defaultFull is how much is staged before it is flushed, be the turn at its end or not: some MiB, with what the last message
// has beyond it, are one write of the store. A replica that has fallen behind is sent tens of MiB at once, and the appends
// of other shards are among them.
const defaultFull = 2 << 20

// writer stages messages and commits them. It belongs to the actor.
//
// The records in memory are ahead of the store by what is staged; a failed commit ends the node, so they are
// never taken back.
type writer struct {
	log     *Log
	marks   *marks
	records map[slotmap.ShardID]*record
	running atomic.Bool

	batch    segment.Batch
	touched  map[slotmap.ShardID]*record // by the batch
	unmarked map[slotmap.ShardID]uint64  // counters committed since the last sync
	sync     bool                        // the batch must be committed with an fsync
	urgent   bool                        // at once
	group    groupCommit                 // says for how long, if not
	due      bool                        // the batch must be committed: more is staged than commit indexes
	replies  []reply
	done     []func()
	key      []byte // scratch
	value    []byte // scratch
}

type reply struct {
	to  *actor.PID
	msg any
}

func newWriter(l *Log, m *marks, records map[slotmap.ShardID]*record) *writer {
	return &writer{
		log: l, marks: m, records: records, group: newGroupCommit(),
		touched: map[slotmap.ShardID]*record{}, unmarked: map[slotmap.ShardID]uint64{},
	}
}

// record returns the shard's record to be changed by the batch.
func (w *writer) record(shard slotmap.ShardID) *record {
	r := w.records[shard]
	if r == nil {
		r = &record{}
		w.records[shard] = r
	}
	if w.touched[shard] == nil {
		r.counter++
		w.touched[shard] = r
	}
	return r
}

func (w *writer) answer(to *actor.PID, msg any) {
	if to != nil {
		w.replies = append(w.replies, reply{to, msg})
	}
}

// urge asks for an fsync that waits for nothing.
func (w *writer) urge() { w.sync, w.urgent = true, true }

// flush commits what is staged and returns the replies that may leave now.
func (w *writer) flush() []reply {
	ok := w.commit()
	replies := w.replies
	w.replies = w.replies[:0]
	done := w.done
	w.done = nil
	if !ok {
		return nil
	}
	for _, f := range done {
		f()
	}
	return replies
}

// commit writes the batch, and syncs all that was written if the batch asks for it. Commit indexes alone, for
// which nobody waits, stay staged until something goes with them, or CheckSpace comes.
func (w *writer) commit() bool {
	if w.log.failed.Load() {
		return false
	}
	if !w.due && !w.sync {
		return true
	}
	if err := w.apply(w.sync); err != nil {
		w.log.fail(err)
	}
	w.sync, w.urgent, w.due = false, false, false
	return !w.log.failed.Load()
}

// apply commits the batch.
func (w *writer) apply(sync bool) error {
	full := w.full()
	w.putRecords()
	c := &w.log.counters
	c.commits.Add(1)
	c.bytes.Add(uint64(w.batch.Len()))
	start := w.log.cfg.Now()
	if err := w.log.db.Commit(&w.batch, sync); err != nil {
		return fmt.Errorf("log store: %w", err)
	}
	w.batch.Reset()
	if !sync {
		return nil
	}
	ended := w.log.cfg.Now()
	c.synced(ended.Sub(start))
	if !full { // what it takes, and who is in it, tells nothing of the syncs that shards take turns in
		w.group.synced(start, ended)
	}
	return w.mark()
}

// putRecords adds the records of the shards that the batch touches.
func (w *writer) putRecords() {
	for shard, r := range w.touched {
		w.key = appendShardKey(w.key[:0], shard, kindRecord)
		w.value = r.append(w.value[:0])
		w.batch.Set(w.key, w.value)
		w.unmarked[shard] = r.counter
	}
	clear(w.touched)
}

func (w *writer) mark() error {
	if err := w.marks.note(w.unmarked); err != nil {
		return fmt.Errorf("durable mark: %w", err)
	}
	clear(w.unmarked)
	return nil
}

// full reports whether so much is staged that the rest of the turn is not waited for.
func (w *writer) full() bool { return w.batch.Len() >= w.log.cfg.fullBytes }

func (w *writer) close() error {
	if w.log.failed.Load() {
		return w.marks.drop()
	}
	return w.marks.close()
}
