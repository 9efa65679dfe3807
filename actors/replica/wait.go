package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"
)

// Bounds of WAIT.
const (
	maxWaits     = 4096
	maxWaitTicks = uint64(3600 * 1000 / 20)
)

// waiting is a WAIT that is not satisfied yet.
type waiting struct {
	query *WaitQuery
	until uint64 // tick
}

func (r *replica) wait(q *WaitQuery) {
	if r.role != raft.StateLeader || len(r.waits) >= maxWaits {
		q.Reply(0, false)
		return
	}
	ticks := maxWaitTicks
	if q.Timeout > 0 {
		ticks = min(ticks, uint64((q.Timeout+TickInterval-1)/TickInterval))
	}
	r.waits = append(r.waits, waiting{q, r.tick + ticks})
}

// answerWaits answers the waits that are satisfied or out of time.
func (r *replica) answerWaits() {
	keep := r.waits[:0]
	for _, w := range r.waits {
		if w.query.ended.Load() {
			continue
		}
		n := r.durableFollowers(w.query.Index)
		if n >= w.query.Need || r.tick >= w.until {
			w.query.Reply(n, true)
		} else {
			keep = append(keep, w)
		}
	}
	clear(r.waits[len(keep):])
	r.waits = keep
}

// durableFollowers counts the other voters that hold the log on disk up to index: raft's Match is what
// a follower acknowledged after its fsync.
func (r *replica) durableFollowers(index uint64) (n int) {
	r.node.WithProgress(func(id uint64, t raft.ProgressType, pr tracker.Progress) {
		if id != r.cfg.Replica && t == raft.ProgressTypePeer && pr.Match >= index {
			n++
		}
	})
	return n
}

func (r *replica) failWaits() {
	if r.role == raft.StateLeader && !r.gone {
		return
	}
	for _, w := range r.waits {
		w.query.Reply(0, false)
	}
	r.waits = nil
}
