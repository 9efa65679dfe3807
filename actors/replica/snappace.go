package replica

// A snapshot that is written as fast as the disk takes it makes every sync of the log wait, of all shards, and takes a
// processor. Nobody waits for most of them, so they are written at a measured pace: some bytes a tick, and more where the
// log grows, so that when one is complete the log has grown by no more than an eighth of what makes the next one due.
const (
	pacePerTick = 512 << 10 // bytes: 25 MiB/s, two slices at a time
	pacePerByte = 8         // for each byte of applied entries
	maxPace     = 4 << 20   // what is not used in time is lost
	maxHeld     = 1 << 20   // bytes of records that were written ahead of their turn: they are in memory
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
	return pace{perEntry: int(min(max(uint64(bytes)/entries*pacePerByte, 1), maxPace))}
}

// tick lets the next bytes be written; in a hurry all of them.
func (p *pace) tick(hurry bool) {
	p.hurry = hurry
	p.add(pacePerTick)
}

// grew notes that so many entries, of so many bytes, were applied.
func (p *pace) grew(entries, bytes int) {
	p.add(min(bytes, maxPace) * pacePerByte)
	p.add(min(entries, maxPace) * p.perEntry)
}

func (p *pace) add(bytes int) { p.left = min(p.left+bytes, maxPace) }

// allows reports whether the next slice is due, where so many bytes of records are held in memory.
func (p *pace) allows(held int) bool { return p.left > 0 || p.hurry || held > maxHeld }

// wrote notes that a slice of so many bytes was handed to the writer. What it has beyond its share the next ones lack, but
// not for more than a second: the record of a large value is a slice of its own.
func (p *pace) wrote(bytes int) { p.left = max(p.left-bytes, -maxPaceDebt) }

const maxPaceDebt = 50 * pacePerTick

// paceSnapshot keeps the applier's snapshot going, if there is one.
func (r *replica) paceSnapshot() {
	if r.snaps.running {
		r.toApplier(&snapshotTick{hurry: r.storage.wanted})
	}
}
