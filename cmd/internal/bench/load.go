package bench

import (
	"context"
	"fmt"
	"time"
)

// Load is what every contender is given.
type Load struct {
	Test     Test
	Clients  int           // connections in all
	Pipeline int           // requests that a connection sends before it reads their replies
	Value    int           // bytes of a value
	Keys     int           // how many different keys
	Length   time.Duration // how long
	Percent  int           // of the rate that a contender has at most, as measured right before; 0 and 100: as much as it takes

	rate float64 // requests a second, over all connections; 0: as many as are answered
}

// paced tells whether the load is less than what a contender takes.
func (l Load) paced() bool { return l.Percent > 0 && l.Percent < 100 }

// String names the load.
func (l Load) String() string {
	if l.paced() {
		return fmt.Sprintf("%s, pipeline %d, %d %% of the rate", l.Test.Name, l.Pipeline, l.Percent)
	}
	return fmt.Sprintf("%s, pipeline %d", l.Test.Name, l.Pipeline)
}

// Outcome is what the client saw of a load.
type Outcome struct {
	Done           int64         // requests that were answered, and not by an error
	Failed         int64         // requests that were answered by an error, MOVED too, or by null, or were due and not sent
	Failure        string        // the first of those
	missed         []uint32      // keys of those, if each was asked for once
	Elapsed        time.Duration // from the first request to the last reply
	P50, P99, P999 time.Duration // from when a pipeline was due, or sent, to a reply; 0: the client does not tell
}

// Rate is how many requests were done in a second.
func (o Outcome) Rate() float64 { return float64(o.Done) / o.Elapsed.Seconds() }

// Client gives loads to the cluster at some addresses.
type Client interface {
	Name() string
	// Prepare makes a load possible on a cluster: what it reads is there, and connections were open before.
	Prepare(ctx context.Context, addrs []string, l Load) error
	Run(ctx context.Context, addrs []string, l Load) (Outcome, error)
}
