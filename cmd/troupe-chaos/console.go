package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/troupedb/troupe/cmd/internal/chaos"
)

// console tells how a run goes. On a terminal events scroll by above a line that is always up to date; else
// there is a line a second with the events since the last one. Safe for concurrent use.
type console struct {
	out  io.Writer
	live bool // a terminal

	mu struct {
		sync.Mutex
		loading bool
		at      time.Duration
		events  []string
		pulse   []int64 // operations a second, of the last ticks
		status  string
	}
}

func newConsole(out io.Writer) *console {
	f, ok := out.(*os.File)
	return &console{out: out, live: ok && term.IsTerminal(int(f.Fd()))}
}

// pulseLength is how many ticks the pulse shows.
const pulseLength = 25

func (c *console) event(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.mu.loading:
		fmt.Fprintln(c.out, text)
	case c.live:
		fmt.Fprintf(c.out, "\r\x1b[K%6.1fs  %s\n%s", c.mu.at.Seconds(), text, c.mu.status)
	default:
		c.mu.events = append(c.mu.events, text)
	}
}

func (c *console) progress(p chaos.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.mu.at
	c.mu.at = p.At
	if c.mu.pulse = append(c.mu.pulse, p.OpsPerSecond); len(c.mu.pulse) > pulseLength {
		c.mu.pulse = c.mu.pulse[1:]
	}
	second := p.At.Truncate(time.Second)
	if c.live {
		c.mu.status = fmt.Sprintf("%4v of %v  %s", second, p.Of.Round(time.Second), c.counts(p, spark(c.mu.pulse)))
		fmt.Fprintf(c.out, "\r\x1b[K%s", c.mu.status)
		return
	}
	if second == before.Truncate(time.Second) {
		return
	}
	line := fmt.Sprintf("%5v %s", second, c.counts(p, ""))
	fmt.Fprintln(c.out, strings.Join(append([]string{line}, c.mu.events...), "  | "))
	c.mu.events = nil
}

// counts tells the operations of the last second, and of the whole run by their fate.
func (c *console) counts(p chaos.Progress, pulse string) string {
	last, n := int64(0), min(len(c.mu.pulse), 5)
	for _, ops := range c.mu.pulse[len(c.mu.pulse)-n:] {
		last += ops / int64(n)
	}
	return fmt.Sprintf("%s %8s ops/s  ok %s  refused %s  unknown %s", pulse, chaos.Grouped(last),
		chaos.Grouped(p.Done), chaos.Grouped(p.Refused), chaos.Grouped(p.Unknown))
}

// spark draws numbers as bars.
func spark(all []int64) string {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	most := int64(1)
	for _, n := range all {
		most = max(most, n)
	}
	line := make([]rune, pulseLength)
	for i := range line {
		line[i] = ' '
		if k := i - (pulseLength - len(all)); k >= 0 {
			line[i] = bars[all[k]*int64(len(bars)-1)/most]
		}
	}
	return string(line)
}

// loads turns the lines of the load on and off.
func (c *console) loads(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.loading = on
	if c.live && !on {
		fmt.Fprintln(c.out)
	}
	for _, text := range c.mu.events {
		fmt.Fprintln(c.out, text)
	}
	c.mu.events = nil
}
