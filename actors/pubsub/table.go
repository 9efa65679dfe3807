package pubsub

import "slices"

// table is who is subscribed to what. Pure state.
type table struct {
	names   [kinds]ordered[string]
	of      [kinds]map[string]*ordered[Subscriber]
	clients map[Subscriber]*[kinds]ordered[string]
}

func newTable() table {
	t := table{clients: map[Subscriber]*[kinds]ordered[string]{}}
	for k := range t.of {
		t.of[k] = map[string]*ordered[Subscriber]{}
	}
	return t
}

// join subscribes a client to a name.
func (t *table) join(c Subscriber, kind Kind, name string) {
	own := t.clients[c]
	if own == nil {
		own = new([kinds]ordered[string])
		t.clients[c] = own
	}
	if !own[kind].add(name) {
		return
	}
	if t.names[kind].add(name) {
		t.of[kind][name] = &ordered[Subscriber]{}
	}
	t.of[kind][name].add(c)
}

// leave ends a subscription, if there is one.
func (t *table) leave(c Subscriber, kind Kind, name string) {
	own := t.clients[c]
	if own == nil || !own[kind].remove(name) {
		return
	}
	members := t.of[kind][name]
	members.remove(c)
	if members.len() == 0 {
		delete(t.of[kind], name)
		t.names[kind].remove(name)
	}
	if own[Channel].len()+own[Pattern].len()+own[Shard].len() == 0 {
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
		return slices.Clone(own[kind].list)
	}
	return nil
}

// count is how many names of a kind a client is subscribed to.
func (t *table) count(c Subscriber, kind Kind) int {
	if own := t.clients[c]; own != nil {
		return own[kind].len()
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
