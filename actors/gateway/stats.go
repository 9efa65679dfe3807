package gateway

import "github.com/troupedb/troupe/actors/timing"

// Stats are figures of a Handler: now, where not said otherwise.
type Stats struct {
	// Requests that were let in, from their last byte until they were answered, and those that found too many others,
	// from their head or their last byte. A body that finds no room for its bytes is counted by Crowded alone.
	Answered, Refused timing.Counts

	Requests, MostRequests int64  // that are let in, or wait for it; the most ever
	Bytes, MostBytes       int64  // that requests and their answers hold; the most ever
	MaxBytes               int64  // the most that may be
	Crowded                uint64 // how often there was no room for bytes, ever
	Streams                int64
}

// Stats may be called on any goroutine.
func (h *Handler) Stats() Stats {
	s := Stats{Answered: h.answered.Counts(), Refused: h.refused.Counts(), MaxBytes: maxMemory, Crowded: h.memory.Refused()}
	s.Requests, _ = h.gate.here.InUse()
	s.MostRequests, _ = h.gate.here.HighWater()
	_, s.Bytes = h.memory.InUse()
	_, s.MostBytes = h.memory.HighWater()
	s.Streams, _ = h.streams.InUse()
	return s
}
