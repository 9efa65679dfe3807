package keyspace

import "github.com/troupedb/troupe/slotmap"

// place is a key with what was computed from it to find it.
type place struct {
	key  []byte
	hash uint32
	slot uint16
	e    *entry // nil if the key does not exist
}

// lookup finds a key whether or not its time has come.
func (s *State) lookup(key []byte) place {
	p := place{key: key}
	if k := s.call.key; k != nil && k.is(key) { // by State.Ahead or withAhead
		p.hash, p.slot = k.hash, k.slot
	} else {
		p.hash, p.slot = s.hash(key), slotmap.Slot(key)
	}
	if d := s.dicts[p.slot]; d != nil {
		p.e = d.find(p.hash, key)
	}
	return p
}

// read returns the entry of a key for a command that does not change it, nil if
// there is none or its time has come. It deletes nothing: on the read path it
// must not, and in the log this makes reads of no consequence to the state.
func (s *State) read(key []byte) *entry {
	e := s.peek(key)
	if e != nil {
		s.used(e)
	}
	return e
}

// peek is read for a command that tells of a key without using it.
func (s *State) peek(key []byte) *entry {
	e := s.lookup(key).e
	if e == nil || s.gone(e) {
		s.missed(key)
		return nil
	}
	s.counts.Hits++
	return e
}

// missed reports that a read found no key.
func (s *State) missed(key []byte) {
	s.counts.Misses++
	if s.listen&EventKeyMiss != 0 {
		s.notify(EventKeyMiss, "keymiss", string(key))
	}
}

// gone tells whether the time of e has come. A read that finds it gone by the
// leader's clock, but not by the committed one, has to go through the log; and
// so has one that finds it kept for a pause that is over.
func (s *State) gone(e *entry) bool {
	c := &s.call
	if !expiredAt(e.expire, c.now) {
		return false
	}
	if c.Env.Read && (!expiredAt(e.expire, c.Env.Now) || s.kept && !c.Env.Keep) {
		s.needsLog = true
	}
	return true
}

// bury deletes a key whose time has come, unless such are kept. A read has to go
// through the log for that.
func (s *State) bury(key []byte) {
	c := &s.call
	switch e := s.lookup(key).e; {
	case e == nil || c.Env.Keep || !expiredAt(e.expire, c.now):
	case c.Env.Read:
		s.needsLog = true
	default:
		s.expire(e)
	}
}

// write finds a key for a command that may change it; an expired one is deleted
// here and now.
func (s *State) write(key []byte) place {
	s.mayWrite()
	p := s.lookup(key)
	if !s.serves(p.slot) {
		panic(refuseCrossSlot)
	}
	if p.e != nil && expiredAt(p.e.expire, s.call.Env.Now) {
		s.expire(p.e)
		p.e = nil
	}
	if p.e != nil {
		s.used(p.e)
	}
	return p
}

func (s *State) mayWrite() {
	if s.call.Env.Read {
		panic(refuseRead)
	}
}

// change is called with an entry before it is changed in any way.
func (s *State) change(e *entry) {
	s.alter(e)
	s.waiters.changed(e.name())
}

// alter is change where nobody who waits for the key can make anything of it.
func (s *State) alter(e *entry) {
	s.mayWrite()
	s.preserve(e)
	s.touch(e.hash)
}

// touch notes that a key of this hash is modified by the current operation.
func (s *State) touch(hash uint32) {
	s.openVersion()
	s.watch.touch(bucketOf(hash))
}

// openVersion begins a new version of the state, once an operation.
func (s *State) openVersion() {
	if !s.call.changed {
		s.call.changed = true
		s.watch.version++
		s.counts.Changes++
	}
}

// upsert returns the entry of p for its value to be set, made if it is missing.
// The caller reports the change of its size by resized.
func (s *State) upsert(p *place) (e *entry, size int64) { return s.upsertString(p, 0) }

// upsertString is upsert for a string of so many bytes, for which a new entry has room.
func (s *State) upsertString(p *place, n int) (e *entry, size int64) {
	if p.e != nil {
		s.change(p.e)
		return p.e, p.e.size()
	}
	s.touch(p.hash)
	var r ref
	r, p.e = s.newEntry(p.key, n)
	p.e.hash, p.e.seen = p.hash, s.snapSeq
	p.e.access = s.usage.fresh()
	s.dict(p.slot).insert(r)
	s.census.add(p.slot, 1)
	s.notify(EventNew, "new", p.e.name())
	return p.e, 0
}

// newEntry makes an entry of a key, with room for a string of so many bytes if that is to stand behind it.
func (s *State) newEntry(key []byte, text int) (ref, *entry) {
	r, e := s.entries.add()
	if text > maxBehind {
		text = 0
	}
	room := e.setName(key, text)
	if text > 0 {
		e.setData(room)
	}
	return r, e
}

// resized accounts for an entry whose size was before.
func (s *State) resized(e *entry, before int64) { s.bytes += e.size() - before }

func (s *State) dict(slot uint16) *dict {
	if s.dicts[slot] == nil {
		s.dicts[slot] = newDict(s.entries)
	}
	return s.dicts[slot]
}

// remove deletes an entry with its value.
func (s *State) remove(e *entry) {
	if e.kind() != kindString && e.object().items() > manyItems {
		s.counts.Freed++
	}
	s.unlink(e)
}

// unlink takes an entry out, whose value may go on elsewhere.
func (s *State) unlink(e *entry) {
	s.change(e)
	slot := slotmap.Slot([]byte(e.name()))
	d := s.dicts[slot]
	at := d.remove(e)
	if d.used == 0 {
		s.dicts[slot] = nil
	}
	s.expiry.set(e, 0)
	s.census.add(slot, -1)
	s.bytes -= e.size()
	s.entries.giveBack(at)
}

// clearSlot deletes all keys of a slot.
func (s *State) clearSlot(slot uint16) {
	d := s.dicts[slot]
	if d == nil {
		return
	}
	s.openVersion()
	retained := s.retain(slot, d)
	d.each(func(e *entry) bool {
		s.watch.touch(bucketOf(e.hash))
		s.expiry.forget(e)
		s.bytes -= e.size()
		return true
	})
	s.census.add(slot, -int(d.used))
	s.dicts[slot] = nil
	if !retained {
		s.entries.giveBackAll(d)
	}
}

// clear deletes all keys.
func (s *State) clear() {
	s.mayWrite()
	if s.census.keys == 0 {
		return
	}
	s.openVersion()
	s.touchGroups()
	s.waiters.allChanged()
	for slot, d := range s.dicts {
		if d != nil {
			s.retain(uint16(slot), d)
			s.dicts[slot] = nil
		}
	}
	// A snapshot that retains dicts keeps the entries that these stand in, until it has no need of any more.
	s.entries, s.expiry, s.walk = &entries{}, newDeadlines(), nil
	s.counts.Freed += uint64(s.census.keys)
	s.census, s.bytes = census{}, 0
}
