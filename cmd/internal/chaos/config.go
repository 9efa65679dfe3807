package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/troupedb/troupe/cmd/internal/history"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// Config is how to run. Zero fields of the second group take the defaults.
type Config struct {
	Seed     uint64
	Duration time.Duration   // of the load
	Stop     <-chan struct{} // ends the load earlier; may be nil
	Script   *script.Script  // what to do to the cluster meanwhile; nil is nothing
	Clients  int             // writers, and as many contenders
	Workers  int             // that hand jobs to each other
	Wait     int             // more nodes that a write must be on before it counts; 0 asks for none
	Rate     int             // writes a second of all writers; 0 is as many as they can
	FailStop bool            // the target promises that a node ends when a sync of its disk fails

	Batch     int            // writes in a writer's pipeline; default 64
	Reads     int            // and reads of acknowledged writes after them; default 4
	Keys      int            // contended keys at a time; default 8
	Limits    history.Limits // of a contended key; default 4 unknown writes, 2000 operations
	Timeout   time.Duration  // of a request; default 3 s
	ProbeTime time.Duration  // of a probe: how long the next one waits while a node is silent; default 250 ms
	Heal      time.Duration  // for the cluster to become healthy again; default 2 min
	Decide    time.Duration  // for porcupine, a key; default 1 min

	// Event, if set, is told what happens; Loading that the load begins and ends; between those, Progress
	// some times a second how far it is.
	Event    func(text string)
	Loading  func(bool)
	Progress func(Progress)
}

// pace is how far apart the pipelines of a writer begin at least.
func (c Config) pace() time.Duration {
	if c.Rate == 0 {
		return 0
	}
	return time.Second * time.Duration(c.Batch*c.Clients) / time.Duration(c.Rate)
}

// waitTime is how long a client waits for the copies of a write.
const waitTime = 300 * time.Millisecond

func (c Config) withDefaults() Config {
	c.Batch, c.Reads, c.Keys = or(c.Batch, 64), or(c.Reads, 4), or(c.Keys, 8)
	c.Limits.Unknown, c.Limits.Ops = or(c.Limits.Unknown, 4), or(c.Limits.Ops, 2000)
	c.Timeout, c.ProbeTime = or(c.Timeout, 3*time.Second), or(c.ProbeTime, 250*time.Millisecond)
	c.Heal, c.Decide = or(c.Heal, 2*time.Minute), or(c.Decide, time.Minute)
	if c.Script == nil {
		c.Script = &script.Script{}
	}
	if c.Event == nil {
		c.Event = func(string) {}
	}
	if c.Loading == nil {
		c.Loading = func(bool) {}
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c
}

func or[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// random is a source of its own for each part of the run, named by a number.
func (c *Config) random(part uint64) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, part)) }

// faultDue reports whether the script leaves enough time for something to be done.
func (c *Config) faultDue() bool {
	for _, s := range c.Script.Steps {
		if s.Verb != script.Call && s.Verb != script.Show && s.At < c.Duration/2 {
			return true
		}
	}
	return false
}
