package replica

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"
)

// A leader whose disk is slow holds up its shard: a majority has an entry without it, but a leader applies, and
// answers, only what is on its own disk. So it hands over to a voter whose disk has that entry, and declines to lead
// for a time, which goes on for as long as its appends are slow. Leaders thus do not come and go with a disk that is
// slow now and then: each leaves at most once in that time.
const (
	slowTicks     = 4   // an append is slow after so long: 60 ms at least
	stallTicks    = 10  // so long once, 200 ms, or
	slowAppends   = 3   // so many slow ones in a row make the disk slow
	declineTicks  = 250 // 5 s
	handAwayTicks = 100 // between two tries to hand over
	rememberTicks = 500 // 10 s: how long a leader offers nothing to a replica that has declined
)

// slowDisk is what a replica knows of its own disk. Times are ticks.
type slowDisk struct {
	last     uint64            // index up to which the log was on it
	since    uint64            // when the append that it owes was first seen, or last that there was none
	slow     int               // slow appends in a row
	counted  uint64            // end of the log when the newest of them was counted, while that is not on disk; else 0
	until    uint64            // declines to lead before
	next     uint64            // does not try to hand over before
	declined map[uint64]uint64 // when other replicas declined to lead, by id
}

// owes looks at the disk once a tick: due tells whether it owes an append, last up to where it has the log, and end
// where the log ends. It reports whether the disk is slow.
func (d *slowDisk) owes(due bool, last, end, tick uint64) bool {
	if last != d.last {
		if d.counted == 0 || last > d.counted { // what came after the slow one was fast
			d.slow = 0
		}
		d.last, d.counted = last, 0
		d.since = tick
		return false
	}
	if !due {
		d.since = tick
	}
	stalled := tick - d.since
	if stalled < slowTicks {
		return false
	}
	if d.counted == 0 {
		d.counted = end
		d.slow++
	}
	return stalled >= stallTicks || d.slow >= slowAppends
}

// declines reports whether this replica may not be offered the leadership.
func (d *slowDisk) declines(tick uint64) bool { return tick < d.until }

// tendDisk looks at this replica's disk. A leader's owes what is committed: others are faster, not only idle. A
// follower's counts while it declines to lead.
func (r *replica) tendDisk() {
	d := &r.disk
	due := r.appending > 0
	if r.role == raft.StateLeader {
		due = r.node.BasicStatus().HardState.GetCommit() > r.storage.last
	}
	if !d.owes(due, r.storage.last, r.last, r.tick) {
		return
	}
	if r.role == raft.StateLeader {
		r.leaveToFaster()
	} else if d.declines(r.tick) {
		d.until = r.tick + declineTicks
	}
}

// leaveToFaster hands over to a voter that has more of the log on its disk than this leader.
func (r *replica) leaveToFaster() {
	d := &r.disk
	if r.tick < d.next || r.node.BasicStatus().LeadTransferee != 0 {
		return
	}
	to := r.successor(func(id uint64, pr *tracker.Progress) bool {
		return pr.Match > r.storage.last && !r.cfg.PeerLow(r.members.Nodes[id])
	})
	if to == 0 {
		return
	}
	d.until, d.next = r.tick+declineTicks, r.tick+handAwayTicks
	r.cfg.Logger.Warn("disk is slow: hands over", "shard", r.cfg.Shard, "to", to, "last", r.last, "on disk", r.storage.last)
	r.node.TransferLeader(to)
}

// declinedBy notes that a replica declines the leadership that it was offered.
func (d *slowDisk) declinedBy(id, tick uint64) {
	if d.declined == nil {
		d.declined = map[uint64]uint64{}
	}
	d.declined[id], d.next = tick, tick // another may be asked at once
}

// hasDeclined reports whether a replica has declined to lead lately.
func (d *slowDisk) hasDeclined(id, tick uint64) bool {
	at, ok := d.declined[id]
	return ok && tick < at+rememberTicks
}
