package pubsub

import "github.com/troupedb/troupe/actors/keyspace"

// Kind is a kind of names that clients subscribe to.
type Kind uint8

const (
	Channel Kind = iota
	Pattern
	Shard // a channel of one shard
	kinds
)

// Subscriber is a client as the broker sees it. Its methods are called in the broker's turn and do not block.
type Subscriber interface {
	// Deliver sends a push in RESP3, which nobody changes. It reports false when the client can take no more: the
	// broker forgets it.
	Deliver(push []byte) bool
	// Count tells how many names of a kind the client is subscribed to by now, and how many bytes all its
	// subscriptions take here.
	Count(kind Kind, n int, bytes int64)
}

// Change subscribes a client to names or ends that.
type Change struct {
	Client Subscriber
	Kind   Kind
	Leave  bool
	Names  []string // none, with Leave: all of the kind
	// Done is called in the broker's turn, before anything that is published later is delivered. Nil means that
	// there is no room for so many subscriptions, and that none of the names was joined.
	Done func([]Changed)
}

// Changed is one name of a Change.
type Changed struct {
	Name  string
	None  bool // there was none to leave
	Count int  // of channels and patterns, or of shard channels
}

// Forget ends all subscriptions of a client. Done, if any, is called when it has.
type Forget struct {
	Client Subscriber
	Done   func()
}

// Publish sends a message. Payload is not changed any more.
type Publish struct {
	Shard   bool
	Channel string
	Payload []byte
	// Done is called in the broker's turn with the number of clients here that were sent it.
	Done func(n int)
}

// Query asks for the channels of a kind that have subscribers and match a pattern, with Names for the number of
// subscribers of each of them.
type Query struct {
	Kind    Kind
	Pattern []byte // nil: all
	Names   []string
	Done    func(names []string, counts []int) // in the broker's turn
}

// Events are what an entry did to keys, to be published to clients here.
type Events struct {
	ByKey, ByEvent bool // which channels: those named by the key, those named by the event
	List           []keyspace.Event
	Done           func() // called when all are published
}

// Rerouted tells that shards may have come to this node or gone.
type Rerouted struct{}
