package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/troupedb/troupe/cmd/internal/history"
)

// Config is how to run. Zero fields of the second group take the defaults.
type Config struct {
	Seed      uint64
	Duration  time.Duration   // of the load
	Stop      <-chan struct{} // ends the load earlier; may be nil
	KillEvery time.Duration   // 0 never kills
	Clients   int             // writers, and as many contenders

	Batch    int            // writes in a writer's pipeline; default 64
	Reads    int            // and reads of acknowledged writes after them; default 4
	Keys     int            // contended keys at a time; default 8
	Limits   history.Limits // of a contended key; default 4 unknown writes, 2000 operations
	Timeout  time.Duration  // of a request; default 3 s
	Heal     time.Duration  // for the cluster to become healthy again; default 2 min
	Decide   time.Duration  // for porcupine, a key; default 1 min
	PagesDir string         // where pages about broken histories go; default the temporary directory

	// Event, if set, is told what happens; Loading that the load begins and ends; between those, Progress
	// each second how far it is.
	Event    func(text string)
	Loading  func(bool)
	Progress func(Progress)
}

func (c Config) withDefaults() Config {
	c.Batch, c.Reads, c.Keys = or(c.Batch, 64), or(c.Reads, 4), or(c.Keys, 8)
	c.Limits.Unknown, c.Limits.Ops = or(c.Limits.Unknown, 4), or(c.Limits.Ops, 2000)
	c.Timeout, c.Heal, c.Decide = or(c.Timeout, 3*time.Second), or(c.Heal, 2*time.Minute), or(c.Decide, time.Minute)
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
