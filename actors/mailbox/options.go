package mailbox

import "github.com/asynkron/protoactor-go/actor"

// defaultBatch is the cap of client messages in one turn. It bounds how long the first of them waits for the
// flush, not how much is queued.
const defaultBatch = 1024

// turnFactor bounds a turn as a whole, in batches: a steady stream of consensus messages may not put Drained
// off for ever.
const turnFactor = 8

type config struct {
	batch          int
	limit          int
	onDrop         func(msg any)
	consensusLimit int
	consensusBytes int64
	onLossy        func(msg any)
	onPanic        func(reason, msg any, stack []byte)
	high           *HighWater
	yields         bool
}

// Option changes a mailbox made by New.
type Option func(*config)

// WithLimit bounds the client lane, for actors whose senders hold no tokens of a Budget: beyond count waiting
// messages a new one is dropped and given to onDrop, on the goroutine of its sender, which must not block.
// Lifecycle messages of protoactor (PoisonPill) are never dropped.
func WithLimit(count int, onDrop func(msg any)) Option {
	return func(c *config) { c.limit, c.onDrop = count, onDrop }
}

// WithConsensusLimit bounds the consensus lane: beyond count waiting messages a new one that is Lossy is
// dropped and given to onDrop. Others are always taken: who sends them already has a bound of its own.
func WithConsensusLimit(count int, onDrop func(msg any)) Option {
	return func(c *config) { c.consensusLimit, c.onLossy = count, onDrop }
}

// WithConsensusBytes bounds, beside their count, how many bytes of Weighed messages may wait in the consensus lane.
func WithConsensusBytes(count int, bytes int64, onDrop func(msg any)) Option {
	return func(c *config) { c.consensusLimit, c.consensusBytes, c.onLossy = count, bytes, onDrop }
}

// WithYield lets other goroutines run before Drained is delivered, once a turn, and delivers what they sent first. It is
// for actors whose flush is dear, an fsync or a write to a socket: under load what is about to come shares it. The turn
// goes on when the scheduler comes back to it: at once where nothing else is ready.
func WithYield() Option { return func(c *config) { c.yields = true } }

// WithPanicHook is told of a panic, with the stack of the actor that panicked, before it is escalated.
func WithPanicHook(hook func(reason, msg any, stack []byte)) Option {
	return func(c *config) { c.onPanic = hook }
}

// WithHighWater notes the most messages that ever waited in one lane. Mailboxes may share it. It costs something once for
// a turn, not for each message: what has arrived when a turn takes it is the most that waited since the turn before.
func WithHighWater(h *HighWater) Option {
	return func(c *config) { c.high = h }
}

// New returns a producer for actor.WithMailbox.
func New(opts ...Option) actor.MailboxProducer {
	c := config{batch: defaultBatch}
	for _, o := range opts {
		o(&c)
	}
	return func() actor.Mailbox { return newBox(c) }
}
