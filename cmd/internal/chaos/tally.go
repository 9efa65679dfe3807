package chaos

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

// tally counts outcomes. Safe for concurrent use.
type tally struct {
	timeline
	done, refused, unknown atomic.Int64
	stale                  atomic.Int64 // reads that did not show an acknowledged write
	reads                  atomic.Int64 // such reads that were answered
	moved                  atomic.Int64 // redirects that were followed

	mu struct {
		sync.Mutex
		codes map[string]int64
		odd   map[string]string // code that nobody should get -> its first text
	}
}

func newTally(began time.Time) *tally {
	t := &tally{timeline: timeline{began: began}}
	t.mu.codes, t.mu.odd = map[string]int64{}, map[string]string{}
	return t
}

// count notes the outcome of a request.
func (t *tally) count(r *client.Request) {
	t.timeline.count(r.Fate)
	t.moved.Add(int64(r.Moved))
	switch r.Fate {
	case fate.Done:
		t.done.Add(1)
		return
	case fate.Refused:
		t.refused.Add(1)
	default:
		t.unknown.Add(1)
	}
	code := r.Code()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.codes[code]++
	if r.Err == nil && !fate.Expected(code) && t.mu.odd[code] == "" {
		t.mu.odd[code] = r.Reply.Err()
	}
}

// codes are the counts by first word of the error, and the first text of each that is odd.
func (t *tally) codes() (counts map[string]int64, odd map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.mu.codes), maps.Clone(t.mu.odd)
}
