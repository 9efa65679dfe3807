package pubsub

import "slices"

// table is who is subscribed to what. Pure state.
type table struct {
	names   [kinds]ordered[string]
	of      [kinds]map[string]*ordered[Subscriber]
	clients map[Subscriber]*subscriptions
	bytes   int64 // that all subscriptions take

	perClient, perTable int64 // bounds of the bytes of one client, and of all
}

// subscriptions are those of one client.
type subscriptions struct {
	names [kinds]ordered[string]
	bytes int64
}

const (
	maxClientBytes = 64 << 20
	maxTableBytes  = 512 << 20
	perName        = 256 // that a subscription takes beside its name, in the lists and indexes of both sides
)

func costOf(name string) int64 { return int64(len(name)) + perName }

func newTable() table {
	t := table{clients: map[Subscriber]*subscriptions{}, perClient: maxClientBytes, perTable: maxTableBytes}
	for k := range t.of {
		t.of[k] = map[string]*ordered[Subscriber]{}
	}
	return t
}

// room reports whether a client may join names. One that is given twice counts twice.
func (t *table) room(c Subscriber, kind Kind, names []string) bool {
	var more int64
	own := t.clients[c]
	for _, name := range names {
		if own == nil || !own.names[kind].has(name) {
			more += costOf(name)
		}
	}
	return more == 0 || t.bytesOf(c)+more <= t.perClient && t.bytes+more <= t.perTable
}

// bytesOf is what the subscriptions of a client take.
func (t *table) bytesOf(c Subscriber) int64 {
	if own := t.clients[c]; own != nil {
		return own.bytes
	}
	return 0
}

// join subscribes a client to a name.
func (t *table) join(c Subscriber, kind Kind, name string) {
	own := t.clients[c]
	if own == nil {
		own = new(subscriptions)
		t.clients[c] = own
	}
	if !own.names[kind].add(name) {
		return
	}
	own.bytes += costOf(name)
	t.bytes += costOf(name)
	if t.names[kind].add(name) {
		t.of[kind][name] = &ordered[Subscriber]{}
	}
	t.of[kind][name].add(c)
}

// leave ends a subscription, if there is one.
func (t *table) leave(c Subscriber, kind Kind, name string) {
	own := t.clients[c]
	if own == nil || !own.names[kind].remove(name) {
		return
	}
	own.bytes -= costOf(name)
	t.bytes -= costOf(name)
	members := t.of[kind][name]
	members.remove(c)
	if members.len() == 0 {
		delete(t.of[kind], name)
		t.names[kind].remove(name)
	}
	if own.bytes == 0 {
		delete(t.clients, c)
	}
}

// forget ends all subscriptions of a client.
func (t *table) forget(c Subscriber) {
	for kind := range kinds {
		for _, name := range t.namesOf(c, kind) {
			t.leave(c, kind, name)
		}
	}
}

// namesOf copies the names of a kind that a client is subscribed to.
func (t *table) namesOf(c Subscriber, kind Kind) []string {
	if own := t.clients[c]; own != nil {
		return slices.Clone(own.names[kind].list)
	}
	return nil
}

// count is how many names of a kind a client is subscribed to.
func (t *table) count(c Subscriber, kind Kind) int {
	if own := t.clients[c]; own != nil {
		return own.names[kind].len()
	}
	return 0
}

// subscribers are those of a name. The list is the table's own.
func (t *table) subscribers(kind Kind, name string) []Subscriber {
	if members := t.of[kind][name]; members != nil {
		return members.list
	}
	return nil
}
