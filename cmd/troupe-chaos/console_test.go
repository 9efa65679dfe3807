package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
)

func TestConsoleInPlainLines(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	c.event("before")
	c.loads(true)
	c.event("kill n1")
	c.progress(chaos.Progress{At: 900 * time.Millisecond, OpsPerSecond: 1000})
	c.event("start n1")
	c.progress(chaos.Progress{At: 1100 * time.Millisecond, OpsPerSecond: 3000, Done: 41230, Refused: 12, Unknown: 3})
	c.progress(chaos.Progress{At: 1300 * time.Millisecond})
	c.progress(chaos.Progress{At: 2 * time.Second})
	c.event("late")
	c.loads(false)
	c.event("after")
	want := "before\n" +
		"   1s     2,000 ops/s  ok 41,230  refused 12  unknown 3  | kill n1  | start n1\n" +
		"   2s     1,000 ops/s  ok 0  refused 0  unknown 0\nlate\nafter\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestConsoleOnATerminal(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out, live: true}
	c.loads(true)
	c.progress(chaos.Progress{At: 1200 * time.Millisecond, Of: time.Minute, OpsPerSecond: 4321, Done: 7})
	c.event("kill n1")
	c.loads(false)
	parts := strings.Split(out.String(), "\r\x1b[K")
	if len(parts) != 3 || !strings.HasPrefix(parts[1], "  1s of 1m0s") || !strings.Contains(parts[1], "█    4,321 ops/s") {
		t.Fatalf("%q", parts)
	}
	if parts[2] != "   1.2s  kill n1\n"+parts[1]+"\n" {
		t.Errorf("the event is told as %q", parts[2])
	}
}

func TestSpark(t *testing.T) {
	if got := strings.TrimLeft(spark([]int64{8, 4, 0, 1}), " "); got != "█▄ ▁" {
		t.Errorf("%q", got)
	}
	if got := spark(nil); strings.TrimSpace(got) != "" {
		t.Errorf("%q", got)
	}
}
