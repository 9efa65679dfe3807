package history

import (
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestChannel(t *testing.T) {
	for name, c := range map[string]struct{ want, heard string }{
		"nothing":            {"", ""},
		"all":                {"", "a1 a2 b1 a3"},
		"some are lost":      {"", "a1 a3"},
		"two senders":        {"", "b1 a1 a2"},
		"of unknown outcome": {"", "a3"},
		"twice":              {"twice", "a1 b1 a1"},
		"the older later":    {"after message 2", "a2 a1"},
		"invented":           {"nobody published", "a1 a9"},
		"refused":            {"was refused", "a4"},
	} {
		ch := NewChannel("ch")
		for _, text := range []string{"a1", "b1", "a2", "a3", "a4"} {
			ch.Send(text[:1], text)
		}
		ch.Answered("a1", fate.Done)
		ch.Answered("a4", fate.Refused)
		h, got := ch.Subscribe(), ""
		for _, text := range strings.Fields(c.heard) {
			if wrong := h.Hear(text); got == "" {
				got = wrong
			}
		}
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestChannelHeardBeforeItIsRefused(t *testing.T) {
	ch := NewChannel("ch")
	ch.Send("a", "a1")
	if wrong := ch.Subscribe().Hear("a1"); wrong != "" {
		t.Error(wrong)
	}
	if wrong := ch.Answered("a1", fate.Refused); !strings.Contains(wrong, "was refused") {
		t.Errorf("%q", wrong)
	}
}
