package keyspace

import (
	"math"
)

// readUnknown stands for a count of entries read that is not known.
const readUnknown = -1

// streamGroup is a consumer group. What is pending, and its consumers, are in
// trees of the stream.
type streamGroup struct {
	name   []byte
	number uint64
	last   streamID // the last one delivered
	read   int64    // how many entries were, or readUnknown
}

func (g *streamGroup) appendTo(dst []byte) []byte {
	dst = appendNumber(appendName(dst, g.name), g.number)
	return appendNumber(appendID(dst, g.last), uint64(g.read))
}

// groupSize is what a group takes in an item behind its name.
const groupSize = 8 + idSize + 8

// readGroup reads what appendTo wrote.
func readGroup(item []byte) streamGroup {
	name, rest, _ := cutName(item)
	return streamGroup{name, readNumber(rest), readID(rest[8:]), int64(readNumber(rest[8+idSize:]))}
}

// group finds a group by name; nil if there is none.
func (st *streamObject) group(name []byte) *streamGroup {
	if st == nil {
		return nil
	}
	_, item := itemOf(&st.groups, appendName(nil, name))
	if item == nil {
		return nil
	}
	g := readGroup(item)
	return &g
}

// keep writes a group back, or a new one for the first time.
func (st *streamObject) keep(g *streamGroup) {
	putItem(&st.groups, appendName(nil, g.name), g.appendTo(nil))
}

// addGroup makes a group. REQUIRES: there is none of that name.
func (st *streamObject) addGroup(name []byte, last streamID, read int64) {
	st.numbers++
	st.keep(&streamGroup{name, st.numbers, last, read})
}

// destroy deletes a group with all it has.
func (st *streamObject) destroy(g *streamGroup) {
	from, to := span8(&st.consumers, g.number)
	for item := range st.consumers.Forward(from) {
		if to--; to < from {
			break
		}
		k := readConsumer(item)
		a, b := span8(&st.owned, k.number)
		st.owned.DeleteRange(a, b)
		dropItem(&st.names, appendNumber(nil, k.number))
	}
	from, to = span8(&st.consumers, g.number)
	st.consumers.DeleteRange(from, to)
	from, to = span8(&st.pending, g.number)
	st.pending.DeleteRange(from, to)
	dropItem(&st.groups, appendName(nil, g.name))
}

// streamConsumer is a consumer of a group.
type streamConsumer struct {
	group  uint64
	name   []byte
	number uint64
	seen   int64 // ms, when it last asked for something
	active int64 // ms, when it last got something; -1: never
}

// consumerSize is what a consumer takes in an item behind its name.
const consumerSize = 3 * 8

func (k *streamConsumer) key() []byte { return appendName(appendNumber(nil, k.group), k.name) }

func (k *streamConsumer) appendTo(dst []byte) []byte {
	dst = appendNumber(append(dst, k.key()...), k.number)
	return appendNumber(appendNumber(dst, uint64(k.seen)), uint64(k.active))
}

func readConsumer(item []byte) streamConsumer {
	name, rest, _ := cutName(item[8:])
	return streamConsumer{readNumber(item), name, readNumber(rest), int64(readNumber(rest[8:])), int64(readNumber(rest[16:]))}
}

// consumer finds a consumer by name; nil if there is none.
func (st *streamObject) consumer(g *streamGroup, name []byte) *streamConsumer {
	key := streamConsumer{group: g.number, name: name}
	_, item := itemOf(&st.consumers, key.key())
	if item == nil {
		return nil
	}
	k := readConsumer(item)
	return &k
}

func (st *streamObject) keepConsumer(k *streamConsumer) {
	putItem(&st.consumers, k.key(), k.appendTo(nil))
}

// addConsumer makes a consumer. REQUIRES: there is none of that name.
func (st *streamObject) addConsumer(g *streamGroup, name []byte, now int64) *streamConsumer {
	st.numbers++
	k := &streamConsumer{g.number, name, st.numbers, now, -1}
	st.keepConsumer(k)
	st.names.Append(append(appendNumber(nil, k.number), name...))
	return k
}

// removeConsumer deletes a consumer with what is pending for it, and returns how
// much that was.
func (st *streamObject) removeConsumer(k *streamConsumer) (pending int) {
	from, to := span8(&st.owned, k.number)
	n := to - from
	for item := range st.owned.Forward(from) {
		if n--; n < 0 {
			break
		}
		dropItem(&st.pending, append(appendNumber(nil, k.group), item[8:]...))
	}
	st.owned.DeleteRange(from, to)
	dropItem(&st.names, appendNumber(nil, k.number))
	dropItem(&st.consumers, k.key())
	return to - from
}

// nameOf returns the name of a consumer by its number.
func (st *streamObject) nameOf(consumer uint64) []byte {
	_, item := itemOf(&st.names, appendNumber(nil, consumer))
	if item == nil {
		return nil
	}
	return item[8:]
}

// delivery is an entry that a consumer got and did not acknowledge.
type delivery struct {
	group    uint64
	id       streamID
	consumer uint64
	at       int64 // ms
	count    int64
}

// deliverySize is what a delivery takes in its item.
const deliverySize = 8 + idSize + 3*8

func (d *delivery) key() []byte { return appendID(appendNumber(nil, d.group), d.id) }

func (d *delivery) ownedKey() []byte { return appendID(appendNumber(nil, d.consumer), d.id) }

func (d *delivery) appendTo(dst []byte) []byte {
	dst = appendID(appendNumber(dst, d.group), d.id)
	return appendNumber(appendNumber(appendNumber(dst, d.consumer), uint64(d.at)), uint64(d.count))
}

func readDelivery(item []byte) delivery {
	rest := item[8+idSize:]
	return delivery{readNumber(item), readID(item[8:]), readNumber(rest), int64(readNumber(rest[8:])), int64(readNumber(rest[16:]))}
}

// delivered finds what is pending of an entry; nil if nothing is.
func (st *streamObject) delivered(g *streamGroup, id streamID) *delivery {
	key := delivery{group: g.number, id: id}
	_, item := itemOf(&st.pending, key.key())
	if item == nil {
		return nil
	}
	d := readDelivery(item)
	return &d
}

// deliver notes that an entry is pending; was is what was pending of it before, or nil.
func (st *streamObject) deliver(d, was *delivery) {
	putItem(&st.pending, d.key(), d.appendTo(nil))
	if was != nil && was.consumer == d.consumer {
		return
	}
	if was != nil {
		dropItem(&st.owned, was.ownedKey())
	}
	key := d.ownedKey()
	putItem(&st.owned, key, key)
}

// acknowledge forgets that an entry is pending.
func (st *streamObject) acknowledge(d *delivery) {
	dropItem(&st.pending, d.key())
	dropItem(&st.owned, d.ownedKey())
}

// holes tells whether an entry was deleted between two that may still be there,
// from an id on: then entries read can't be counted.
func (st *streamObject) holes(from streamID) bool {
	switch {
	case st.len() == 0 || st.maxDeleted == streamID{}:
		return false
	case st.maxDeleted.less(st.first()):
		return false
	}
	return !st.maxDeleted.less(from)
}

// readUpTo estimates how many entries had been added when the one of an id was;
// readUnknown if that can't be told.
func (st *streamObject) readUpTo(id streamID) int64 {
	added, length := int64(min(st.added, math.MaxInt64)), int64(st.len())
	switch {
	case added == 0:
		return 0
	case length == 0 && id.compare(st.last) <= 0, id == st.last:
		return added
	case st.last.less(id):
		return readUnknown
	}
	first := st.first()
	if st.maxDeleted != (streamID{}) && !st.maxDeleted.less(first) {
		return readUnknown
	}
	switch id.compare(first) {
	case -1:
		return added - length
	case 0:
		return added - length + 1
	}
	return readUnknown
}

// lag returns how many entries a group did not get yet; ok is false if that can't
// be told.
func (st *streamObject) lag(g *streamGroup) (n int64, ok bool) {
	if st.added == 0 {
		return 0, true
	}
	read := g.read
	if read == readUnknown || st.holes(g.last) {
		read = st.readUpTo(g.last)
	}
	return int64(st.added) - read, read != readUnknown
}

// advance notes that a group got an entry, if it is a new one.
func (st *streamObject) advance(g *streamGroup, id streamID) {
	if !g.last.less(id) {
		return
	}
	switch {
	case g.read != readUnknown && !st.holes(id):
		g.read++
	case st.added > 0:
		g.read = st.readUpTo(id)
	}
	g.last = id
}
