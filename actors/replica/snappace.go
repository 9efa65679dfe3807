package replica

// A snapshot that is written as fast as the disk takes it makes every sync of the log wait, of all shards, and takes a
// processor. Nobody waits for most of them, so they are written at a measured pace: some bytes a tick, and more where the
// log grows, so that when one is complete the log has grown by no more than a sixteenth of the bytes that make the next
// one due, and a quarter of the entries: small ones are replayed quickly.
const (
	pacePerTick = 512 << 10 // bytes: 25 MiB/s a shard, eight slices at a time
	pacePerByte = 16        // for each byte of applied entries
	paceEntries = 4         // times the snapshot's share of each, of the entries that make the next one due
	maxPace     = 4 << 20   // of a disk that was busy no more is made up for
	maxEarned   = 1 << 30   // of the log's growth, what was not used in time
	maxHeld     = 1 << 20   // bytes that are in memory for the snapshot's sake

	maxPaceDebt = 50 * pacePerTick // what a large slice takes of the ticks behind it
)

// snapshotTick tells the applier, while a snapshot is under way, that a tick has passed.
type snapshotTick struct {
	hurry bool // somebody waits for the snapshot
}

// pace is how many bytes of a snapshot may be written at the moment. It belongs to the applier.
type pace struct {
	left     int
	perEntry int // for each applied entry
	hurry    bool
}

// newPace is the pace for a state of so many bytes, where the next snapshot is due after so many entries; 0: only by
// their bytes.
func newPace(bytes int64, entries uint64) pace {
	if entries == 0 {
		return pace{}
	}
	return pace{perEntry: int(min(uint64(bytes)/max(entries/paceEntries, 1)+1, maxPace))}
}

// tick lets the next bytes be written; in a hurry all of them.
func (p *pace) tick(hurry bool) {
	p.hurry = hurry
	if p.left < maxPace {
		p.left = min(p.left+pacePerTick, maxPace)
	}
}

// grew notes that so many entries, of so many bytes, were applied.
func (p *pace) grew(entries, bytes int) {
	earned := min(bytes, maxEarned/pacePerByte)*pacePerByte + min(entries, maxEarned/max(p.perEntry, 1))*p.perEntry
	p.left = min(p.left+earned, maxEarned)
}

// allows reports whether the next slice is due, or memory is held until it is written.
func (p *pace) allows(held bool) bool { return p.left > 0 || p.hurry || held }

// wrote notes that a slice of so many bytes was handed to the writer. What it has beyond its share the next ones lack, but
// not for more than a second: the record of a large value is a slice of its own.
func (p *pace) wrote(bytes int) { p.left = max(p.left-bytes, -maxPaceDebt) }

// paceSnapshot keeps the applier's snapshot going, if there is one. The applier tells: what the replica has heard of last
// may be the end of an earlier one.
func (r *replica) paceSnapshot() {
	if r.gauges.Snapshotting.Load() {
		r.toApplier(&snapshotTick{hurry: r.hurries()})
	}
}

// hurries reports whether somebody waits for a snapshot: a replica that has fallen behind, or the disk for the log to be
// cut.
func (r *replica) hurries() bool { return r.storage.wanted || r.cfg.LowSpace() }
