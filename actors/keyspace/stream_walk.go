package keyspace

import "iter"

// groupsAll returns the groups by name.
func (st *streamObject) groupsAll() iter.Seq[streamGroup] {
	return func(yield func(streamGroup) bool) {
		for item := range st.groups.Forward(0) {
			if !yield(readGroup(item)) {
				return
			}
		}
	}
}

// consumersOf returns the consumers of a group by name.
func (st *streamObject) consumersOf(g *streamGroup) iter.Seq[streamConsumer] {
	from, to := span8(&st.consumers, g.number)
	return func(yield func(streamConsumer) bool) {
		n := to - from
		for item := range st.consumers.Forward(from) {
			if n--; n < 0 || !yield(readConsumer(item)) {
				return
			}
		}
	}
}

// consumerCount returns how many consumers a group has.
func (st *streamObject) consumerCount(g *streamGroup) int {
	from, to := span8(&st.consumers, g.number)
	return to - from
}

// pendingOf returns how much is pending for a group, pendingFor for a consumer.
func (st *streamObject) pendingOf(g *streamGroup) int {
	from, to := span8(&st.pending, g.number)
	return to - from
}

func (st *streamObject) pendingFor(k *streamConsumer) int {
	from, to := span8(&st.owned, k.number)
	return to - from
}

// allIDs are all ids there can be.
var allIDs = idRange{last: lastStreamID}

// deliveries returns what is pending for a group within a range of ids, for one
// consumer if name is not nil.
func (st *streamObject) deliveries(g *streamGroup, name []byte, r idRange) iter.Seq[delivery] {
	if name == nil {
		from, to := between(&st.pending, appendNumber(nil, g.number), r)
		return func(yield func(delivery) bool) {
			n := to - from
			for item := range st.pending.Forward(from) {
				if n--; n < 0 || !yield(readDelivery(item)) {
					return
				}
			}
		}
	}
	return func(yield func(delivery) bool) {
		k := st.consumer(g, name)
		if k == nil {
			return
		}
		from, to := between(&st.owned, appendNumber(nil, k.number), r)
		n := to - from
		for item := range st.owned.Forward(from) {
			if n--; n < 0 || !yield(*st.delivered(g, readID(item[8:]))) {
				return
			}
		}
	}
}
