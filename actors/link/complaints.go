package link

import (
	"log/slog"
	"sync"
	"time"
)

// complaints limits log lines about trouble that others can repeat at will: one line per kind and span.
type complaints struct {
	logger *slog.Logger
	span   time.Duration
	mu     struct {
		sync.Mutex
		said map[string]*complaint
	}
}

type complaint struct {
	at       time.Time
	withheld int
}

// maxComplaints bounds the memory; kinds are few, but some carry a node id.
const maxComplaints = 256

func newComplaints(logger *slog.Logger) *complaints {
	b := &complaints{logger: logger, span: 10 * time.Second}
	b.mu.said = make(map[string]*complaint)
	return b
}

// once logs, unless it did so for the same kind within the span. The next line tells how many it withheld.
func (b *complaints) once(kind, text string, args ...any) {
	withheld, ok := b.due(kind, time.Now())
	if !ok {
		return
	}
	if withheld > 0 {
		args = append(args, "withheld", withheld)
	}
	b.logger.Warn("link: "+text, args...)
}

func (b *complaints) due(kind string, now time.Time) (withheld int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.mu.said[kind]
	if c != nil && now.Sub(c.at) < b.span {
		c.withheld++
		return 0, false
	}
	if c == nil {
		if len(b.mu.said) >= maxComplaints {
			clear(b.mu.said)
		}
		c = &complaint{}
		b.mu.said[kind] = c
	}
	withheld = c.withheld
	*c = complaint{at: now}
	return withheld, true
}
