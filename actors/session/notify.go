package session

import (
	"strings"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/pubsub"
)

// Bits of notify-keyspace-events beside the classes of events.
const (
	notifyModule  uint32 = 1 << 29 // no module is here to make such events
	notifyByKey   uint32 = 1 << 30
	notifyByEvent uint32 = 1 << 31
)

// notifyLetters are the classes by letter, in the order in which Redis writes them. Those of A come first.
var notifyLetters = []struct {
	letter rune
	bit    uint32
}{
	{'g', uint32(keyspace.EventGeneric)}, {'$', uint32(keyspace.EventString)}, {'l', uint32(keyspace.EventList)},
	{'s', uint32(keyspace.EventSet)}, {'h', uint32(keyspace.EventHash)}, {'z', uint32(keyspace.EventSortedSet)},
	{'x', uint32(keyspace.EventExpired)}, {'e', uint32(keyspace.EventEvicted)}, {'t', uint32(keyspace.EventStream)},
	{'d', notifyModule},
	{'K', notifyByKey}, {'E', notifyByEvent}, {'m', uint32(keyspace.EventKeyMiss)}, {'n', uint32(keyspace.EventNew)},
}

// notifyAllCount is how many letters A stands for.
const notifyAllCount = 10

func parseNotify(text string) (bits uint32, ok bool) {
	for _, letter := range text {
		if letter == 'A' {
			bits |= notifyAll()
			continue
		}
		known := false
		for _, l := range notifyLetters {
			if l.letter == letter {
				bits, known = bits|l.bit, true
			}
		}
		if !known {
			return 0, false
		}
	}
	return bits, true
}

func notifyAll() (bits uint32) {
	for _, l := range notifyLetters[:notifyAllCount] {
		bits |= l.bit
	}
	return bits
}

func notifyText(bits uint32) string {
	var b strings.Builder
	letters := notifyLetters
	if all := notifyAll(); bits&all == all {
		b.WriteByte('A')
		letters = letters[notifyAllCount:]
	}
	for _, l := range letters {
		if bits&l.bit != 0 {
			b.WriteRune(l.letter)
		}
	}
	return b.String()
}

var notifications = parameter{
	get: func(s *Server) string { return notifyText(s.settings.notify.Load()) },
	check: func(v string) string {
		if _, ok := parseNotify(v); !ok {
			return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
		}
		return ""
	},
	set: func(s *Server, v string) {
		bits, _ := parseNotify(v)
		s.settings.notify.Store(bits)
	},
}

// Listening is the classes of keyspace events that clients of this node want to hear of. Any goroutine.
func (s *Server) Listening() keyspace.EventClass {
	bits := s.settings.notify.Load()
	if bits&(notifyByKey|notifyByEvent) == 0 {
		return 0
	}
	return keyspace.EventClass(bits)
}

// How many keyspace events, and how many bytes of theirs, may wait to be published. What is beyond is lost, as Redis
// loses what is published to clients that are too slow: applying entries must not wait for it.
const (
	maxEvents     = 64 << 10
	maxEventBytes = 32 << 20
)

// PublishEvents publishes what happened to keys of a shard that this node leads. Any goroutine.
func (s *Server) PublishEvents(events []keyspace.Event) {
	count, bytes := int64(len(events)), int64(0)
	for _, e := range events {
		bytes += int64(len(e.Key) + len(e.Name))
	}
	if !s.events.TryAcquire(count, bytes) {
		return
	}
	bits := s.settings.notify.Load()
	s.system.Root.Send(s.cfg.Broker, &pubsub.Events{
		ByKey: bits&notifyByKey != 0, ByEvent: bits&notifyByEvent != 0, List: events,
		Done: func() { s.events.Release(count, bytes) },
	})
}
