package keyspace

// EventClass is a set of classes of events, as notify-keyspace-events has them.
type EventClass uint16

const (
	EventGeneric   EventClass = 1 << iota // g
	EventString                           // $
	EventList                             // l
	EventSet                              // s
	EventHash                             // h
	EventSortedSet                        // z
	EventExpired                          // x
	EventEvicted                          // e
	EventStream                           // t
	EventKeyMiss                          // m
	EventNew                              // n
	// EventReady is not Redis's: a command that waits for something at the key may
	// find it now.
	EventReady
)

// Event is something that a command or Tick did to a key. Reads report key misses only.
type Event struct {
	Class EventClass // exactly one
	Name  string     // as Redis names it: "set", "expired"; the name of the type for EventReady
	Key   string
}

// Listen says which classes of events are collected from now on, none at the
// start. This is no part of the replicated state.
func (s *State) Listen(classes EventClass) { s.listen = classes }

// TakeEvents returns the events since it was called last, in the order in which
// they happened; the caller owns them. Those of a command that ended by a panic
// or was refused are among them only as far as it got.
func (s *State) TakeEvents() []Event {
	events := s.events
	s.events = nil
	return events
}

// notify reports an event. It costs nothing if nobody listens to its class.
func (s *State) notify(class EventClass, name, key string) {
	if s.listen&class != 0 {
		s.events = append(s.events, Event{class, name, key})
	}
}

// ready reports that whoever waits for the value of e may find something.
func (s *State) ready(e *entry) { s.notify(EventReady, e.typeName(), e.key) }

// block ends a command that found nothing and may wait for it. In a transaction,
// and outside the log, it never waits: it answers null. Else it leaves the
// operation without a reply, which Blocked tells.
func (s *State) block(c *call) {
	if c.inTx || c.Env.Read {
		c.W.NullArray()
		return
	}
	s.blocked = true
}

// Blocked tells that the last operation was a command that found nothing and may
// wait for it: it has changed nothing, and has no reply. It is to be repeated
// when EventReady tells of one of its keys.
func (s *State) Blocked() bool { return s.blocked }
