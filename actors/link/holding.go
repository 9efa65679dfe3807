package link

const (
	maxHeld     = 64       // targets
	maxHeldCost = 64 << 10 // of one message
)

// holding keeps the newest message per target while a dial is under way. A message that has a successor is
// stale, and a large one will be sent again by its sender anyway.
type holding struct{ messages []outgoing }

// put returns how many messages it lets go: none, or the given one, or the one that it replaces.
func (h *holding) put(o outgoing) (dropped int) {
	if o.cost > maxHeldCost {
		return 1
	}
	for i := range h.messages {
		if h.messages[i].target == o.target {
			h.messages = append(h.messages[:i], h.messages[i+1:]...)
			dropped = 1
			break
		}
	}
	if len(h.messages) == maxHeld {
		return 1
	}
	h.messages = append(h.messages, o)
	return dropped
}

// take empties the holding, oldest message first.
func (h *holding) take() []outgoing {
	messages := h.messages
	h.messages = nil
	return messages
}

func (h *holding) drop() int { return len(h.take()) }
