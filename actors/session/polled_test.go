package session

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A connection that asks for nothing costs no goroutine.
func TestConnectionsCostNoGoroutines(t *testing.T) {
	const n = 60
	b := newBed(t, 1)
	if len(b.srv.pollers) == 0 {
		t.Skip("there are no pollers on this system")
	}
	b.dial().want("PING", "PONG")
	before := runtime.NumGoroutine()
	for range n {
		b.dial().want("PING", "PONG", "GET a", "nil")
	}
	if more := runtime.NumGoroutine() - before; more > n/2 {
		t.Errorf("%d goroutines for %d connections", more, n)
	}
}

// While a session is at work for long, by itself or on much that it was sent, the others of its poller are served.
func TestLongTurnsHoldUpNobody(t *testing.T) {
	quick := ownCommand{run: tellTime}
	for name, commands := range map[string]struct {
		pipeline []string
		run      ownCommand // of LOLWUT
	}{
		"a dear command":   {[]string{"LOLWUT"}, ownCommand{run: spin}},
		"many commands":    {strings.Split(strings.Repeat("LOLWUT ", firstOps)[:7*firstOps-1], " "), quick},
		"a large argument": {[]string{"SET large " + strings.Repeat("v", longBytes)}, quick},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, 1)
			begun, release := make(chan struct{}), make(chan struct{})
			goOn := sync.OnceFunc(func() { close(release) })
			defer goOn() // also where the test fails: the server waits for its sessions
			was, wasOther := ownCommands["time"], ownCommands["lolwut"]
			ownCommands["lolwut"] = commands.run
			ownCommands["time"] = ownCommand{run: func(s *session, args [][]byte) {
				close(begun)
				<-release
				was.run(s, args)
			}}
			defer func() { ownCommands["time"], ownCommands["lolwut"] = was, wasOther }()
			b.srv.stats.init()
			other, c := b.dial(), b.dial()
			other.want("PING", "PONG")
			c.send(append(commands.pipeline, "TIME")...)
			<-begun
			other.want("PING", "PONG", "SET a 1", "OK", "GET a", "1")
			goOn()
			for range len(commands.pipeline) + 1 {
				if got := c.reply(); got == "closed" || strings.HasPrefix(got, "-") {
					t.Fatal(got)
				}
			}
			c.want("PING", "PONG")
		})
	}
}

// spin takes longer than a session may without letting others go on.
func spin(s *session, args [][]byte) {
	for begin := time.Now(); time.Since(begin) <= longTurn; {
	}
	tellTime(s, args)
}
