package replica

import "time"

// proposal is an entry that this replica proposed, with the batches that it carries. Its index is
// known from the Ready that follows the proposal.
type proposal struct {
	index, term uint64
	born        uint64 // tick of the proposal
	began       time.Time
	batches     []*Batch
}

// fates tells what became of proposals, by (index, term): an entry of the same term committed at the
// index is the proposal; one of another term means that the proposal is lost for good, since a
// committed entry is never replaced. Proposals are kept in order of index, and an index that is
// proposed again (a later term of this leader) ends the older proposal only when one of the two is
// seen committed.
type fates struct {
	open []proposal
}

// add notes that the entry at (index, term) carries batches.
// REQUIRES: index is greater than that of any open proposal of the same term.
func (f *fates) add(p proposal) {
	f.open = append(f.open, p)
}

// newest is the tick at which the newest of the open proposals was made, 0 if none is open.
func (f *fates) newest() uint64 {
	if len(f.open) == 0 {
		return 0
	}
	return f.open[len(f.open)-1].born
}

// resolve is called for each committed entry in order of index. done is the proposal that the entry
// carries, of index 0 if it carries none; lost are those that can no longer be committed.
func (f *fates) resolve(index, term uint64) (done proposal, lost []*Batch) {
	if len(f.open) == 0 {
		return done, nil
	}
	keep := f.open[:0]
	for _, p := range f.open {
		switch {
		case p.index != index:
			keep = append(keep, p)
		case p.term == term:
			done = p
		default:
			lost = append(lost, p.batches...)
		}
	}
	clear(f.open[len(keep):])
	f.open = keep
	return done, lost
}

// covered ends all proposals at or below a snapshot's index: the entries are not seen one by one, so
// their fate stays unknown.
func (f *fates) covered(index uint64) (unknown []*Batch) {
	return f.take(func(p *proposal) bool { return p.index <= index })
}

// expired ends the proposals made at or before the given tick.
func (f *fates) expired(tick uint64) (unknown []*Batch) {
	if len(f.open) == 0 || f.open[0].born > tick {
		return nil
	}
	return f.take(func(p *proposal) bool { return p.born <= tick })
}

// all ends every proposal.
func (f *fates) all() (unknown []*Batch) {
	return f.take(func(*proposal) bool { return true })
}

func (f *fates) take(which func(*proposal) bool) (out []*Batch) {
	keep := f.open[:0]
	for i := range f.open {
		if which(&f.open[i]) {
			out = append(out, f.open[i].batches...)
		} else {
			keep = append(keep, f.open[i])
		}
	}
	clear(f.open[len(keep):])
	f.open = keep
	return out
}
