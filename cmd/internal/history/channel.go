package history

import (
	"fmt"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Channel is what was published to a channel. Messages may get lost, but what a subscriber hears was published,
// and of one sender nobody hears anything twice, or something older after something newer. It belongs to one
// goroutine.
type Channel struct {
	Name    string
	sent    map[string]*message // by their texts, which are unique
	senders map[string]int      // how many each has sent
}

type message struct {
	sender         string
	nth            int // of its sender
	heard, refused bool
}

// NewChannel makes a channel that nothing was published to.
func NewChannel(name string) *Channel {
	return &Channel{Name: name, sent: map[string]*message{}, senders: map[string]int{}}
}

// Send notes that a message is about to be published. A sender is a connection: what it sends is in order.
func (c *Channel) Send(sender, text string) {
	c.senders[sender]++
	c.sent[text] = &message{sender: sender, nth: c.senders[sender]}
}

// Answered notes what became of the publication, and returns what is wrong with that, "" if nothing is.
func (c *Channel) Answered(text string, f fate.Fate) string {
	m := c.sent[text]
	m.refused = f == fate.Refused
	return c.phantom(text, m)
}

func (c *Channel) phantom(text string, m *message) string {
	if m.refused && m.heard {
		return fmt.Sprintf("%s: %q was refused, and is heard", c.Name, text)
	}
	return ""
}

// Hearer is one subscription to a Channel.
type Hearer struct {
	c    *Channel
	last map[string]*message // heard of each sender
}

// Subscribe makes a subscription that has heard nothing yet.
func (c *Channel) Subscribe() *Hearer { return &Hearer{c, map[string]*message{}} }

// Hear notes that a message came, and returns what is wrong with that, "" if nothing is.
func (h *Hearer) Hear(text string) string {
	m := h.c.sent[text]
	if m == nil {
		return fmt.Sprintf("%s: %q is heard, and nobody published it", h.c.Name, text)
	}
	last := h.last[m.sender]
	h.last[m.sender] = m
	switch {
	case last == m:
		return fmt.Sprintf("%s: %q is heard twice", h.c.Name, text)
	case last != nil && last.nth > m.nth:
		return fmt.Sprintf("%s: %q is heard after message %d of the same sender, and is its %dth", h.c.Name, text, last.nth, m.nth)
	}
	m.heard = true
	return h.c.phantom(text, m)
}
