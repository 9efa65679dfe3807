package gossip

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxLogLine  = 300
	errorBurst  = 5
	errorRefill = 2 * time.Second
)

// logWriter turns memberlist's lines into slog records: debug, and warnings
// where memberlist speaks of an error. Since whoever can send a packet can
// cause those, they are rate limited, and cut to one short line. Once muted it says nothing: what breaks
// while a node stops is meant to.
type logWriter struct {
	log   *slog.Logger
	now   func() time.Time
	muted atomic.Bool
	mu    struct {
		sync.Mutex
		tokens     int
		refilled   time.Time
		suppressed int
	}
}

func newLogWriter(l *slog.Logger) *logWriter { return &logWriter{log: l, now: time.Now} }

func (w *logWriter) logger() *log.Logger { return log.New(w, "", 0) }

// Write takes one line; log.Logger sees to that.
func (w *logWriter) Write(p []byte) (int, error) {
	level := slog.LevelDebug
	if isErrorLine(p) {
		level = slog.LevelWarn
	}
	if w.muted.Load() || !w.log.Enabled(context.Background(), level) {
		return len(p), nil
	}
	if level == slog.LevelDebug {
		w.log.Debug("memberlist", "line", oneLine(p))
		return len(p), nil
	}
	if skipped, ok := w.take(); ok {
		w.log.Warn(headline(p), "line", oneLine(p), "suppressed", skipped)
	}
	return len(p), nil
}

// headline says what a line is about that an operator should understand at once.
func headline(p []byte) string {
	// Packets and streams: memberlist says the first, gate the second.
	if bytes.Contains(p, []byte("no installed keys could decrypt")) || bytes.Contains(p, []byte(otherSecret)) {
		return "gossip of one that does not hold this cluster's secret is dropped"
	}
	return "memberlist"
}

// take spends a token; skipped is how many lines found none before.
func (w *logWriter) take() (skipped int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if w.mu.refilled.IsZero() {
		w.mu.tokens, w.mu.refilled = errorBurst, now
	}
	if n := int(now.Sub(w.mu.refilled) / errorRefill); n > 0 {
		w.mu.tokens = min(errorBurst, w.mu.tokens+n)
		w.mu.refilled = now
	}
	if w.mu.tokens == 0 {
		w.mu.suppressed++
		return 0, false
	}
	w.mu.tokens--
	skipped, w.mu.suppressed = w.mu.suppressed, 0
	return skipped, true
}

func isErrorLine(p []byte) bool {
	for _, mark := range [...]string{"[ERR]", "[ERROR]", "Err:"} {
		if bytes.HasPrefix(p, []byte(mark)) {
			return true
		}
	}
	return false
}

// oneLine drops the level, the sender and all line breaks.
func oneLine(p []byte) string {
	if i := bytes.IndexByte(p, ']'); i >= 0 && p[0] == '[' {
		p = p[i+1:]
	}
	s := strings.TrimPrefix(strings.TrimSpace(string(p)), "memberlist: ")
	if len(s) > maxLogLine {
		s = s[:maxLogLine] + "…"
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}
