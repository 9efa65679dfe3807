package sim

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/history"
)

// A last read that is answered by something of another shape is a failure of the cluster, not of the simulation.
func TestLastReadsOfAnotherShapeFail(t *testing.T) {
	s := newSim(Options{Seed: 1})
	s.relays.keys = []*relay{{Relay: history.Relay{Name: "relay0"}}}
	s.groups.keys = []*crewed{{Group: history.Group{Name: "stream0"}}}
	c := s.addClient(nil)
	odd := reply{items: []reply{{text: "odd"}}}
	for _, l := range slices.Concat(s.relays.closings(), s.groups.closings()) {
		s.failure = ""
		l.by(c)
		l.take(slices.Repeat([]reply{odd}, len(l.ask)))
		if s.failure == "" {
			t.Errorf("%s: %v was taken for an answer", l.name, odd)
		}
	}
	s.failure = ""
	l := s.groups.closings()[0]
	l.by(c)
	l.take([]reply{{}, {}, {}, odd})
	if s.failure == "" {
		t.Errorf("%s: %v was taken for a list of what is pending", l.name, odd)
	}
}
