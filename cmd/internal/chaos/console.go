package chaos

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// console prints a line a second while the load runs, with the events since the last one; before and after,
// each event has its own line. Safe for concurrent use.
type console struct {
	out io.Writer
	mu  struct {
		sync.Mutex
		loading bool
		events  []string
	}
}

func (c *console) event(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.loading {
		c.mu.events = append(c.mu.events, text)
		return
	}
	fmt.Fprintln(c.out, text)
}

func (c *console) progress(p Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := fmt.Sprintf("%5s %8s ops/s  ok %s  refused %s  unknown %s",
		p.At.Round(time.Second), grouped(p.OpsPerSecond), grouped(p.Done), grouped(p.Refused), grouped(p.Unknown))
	fmt.Fprintln(c.out, strings.Join(append([]string{line}, c.mu.events...), "  | "))
	c.mu.events = nil
}

// loads turns the lines of the load on and off.
func (c *console) loads(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.loading = on
	for _, text := range c.mu.events {
		fmt.Fprintln(c.out, text)
	}
	c.mu.events = nil
}
