package keyspace

import "strings"

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
)

// Event is something that a command or Tick did to a key. Reads report key misses only.
type Event struct {
	Class EventClass // exactly one
	Name  string     // as Redis names it: "set", "expired"
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

// notify reports an event. It costs nothing if nobody listens to its class. The key is copied, for that of an entry holds
// on to the string behind it.
func (s *State) notify(class EventClass, name, key string) {
	if s.listen&class != 0 {
		s.events = append(s.events, Event{class, name, strings.Clone(key)})
	}
}
