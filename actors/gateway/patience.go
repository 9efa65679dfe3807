package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/troupedb/troupe/wire/rest"
)

// patience is how long what was not done is asked again.
type patience struct {
	until time.Time // for want of a leader
	busy  int       // how often yet for want of room: whoever insists only adds to it
	pause time.Duration
	stops <-chan struct{} // closed: nothing is asked again
}

const (
	firstPause = 10 * time.Millisecond
	maxPause   = 200 * time.Millisecond
	busyTries  = 3
)

func (c *caller) newPatience(until time.Time) *patience {
	return &patience{until: until, busy: busyTries, pause: firstPause, stops: c.stops}
}

// worth reports whether a command with this error may be asked again. What was lost without an answer is not: it
// has had its time; nor is what had no room here, for asking takes more of it.
func (p *patience) worth(line string) bool {
	noRoom := strings.HasPrefix(line, "TRYAGAIN") || strings.HasPrefix(line, "BUSY")
	return rest.Judge(line).Again && line != lineReadLost && line != lineNoRoom && (!noRoom || p.busy > 0) && p.left()
}

// doubtful reports whether nobody could tell what became of a command, and asking for it once more may help.
func (p *patience) doubtful(line string) bool {
	return rest.Judge(line).Applied == rest.Unknown && line != lineTooMuch && line != lineNoRoomW && p.left()
}

// left reports whether there is time to ask once more.
func (p *patience) left() bool { return time.Now().Add(p.pause).Before(p.until) }

// wait reports false when the request is over before the pause is, or the node stops.
func (p *patience) wait(ctx context.Context) bool {
	t := time.NewTimer(p.pause)
	defer t.Stop()
	p.pause, p.busy = min(2*p.pause, maxPause), p.busy-1
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-p.stops:
	}
	return false
}
