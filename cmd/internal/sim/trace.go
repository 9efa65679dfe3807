package sim

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// traceHandler writes what a node logs into the trace.
type traceHandler struct {
	p     *process
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *traceHandler) Enabled(context.Context, slog.Level) bool { return !h.p.over }

// Handle implements slog.Handler.
func (h *traceHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	add := func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	h.p.m.s.note("n%d: %s%s", h.p.m.i, r.Message, b.String())
	return nil
}

// WithAttrs implements slog.Handler.
func (h *traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &traceHandler{h.p, append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

// WithGroup implements slog.Handler.
func (h *traceHandler) WithGroup(string) slog.Handler { return h }
