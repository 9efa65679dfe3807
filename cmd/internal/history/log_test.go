package history

import (
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestLogCheck(t *testing.T) {
	app := func(piece string, f fate.Fate, size int, call, end int64) Entry {
		return Entry{Piece: piece, Fate: f, Size: size, Call: call, Return: end}
	}
	read := func(text string, call, end int64) Entry {
		return Entry{Fate: fate.Done, Text: text, Call: call, Return: end}
	}
	a := app("a;", fate.Done, 2, 1, 2)
	for _, c := range []struct {
		name string
		ops  []Entry
		fine bool
	}{
		{"appended and read", []Entry{a, app("b;", fate.Done, 4, 3, 4), read("a;b;", 5, 6)}, true},
		{"nobody read it yet", []Entry{a, read("a;", 3, 4), app("b;", fate.Done, 4, 5, 6)}, true},
		{"unknown, and there", []Entry{app("a;", fate.Unknown, 0, 1, 2), read("a;", 3, 4)}, true},
		{"unknown, and not there", []Entry{app("a;", fate.Unknown, 0, 1, 2), read("", 3, 4)}, true},
		{"unknown, and there late", []Entry{app("a;", fate.Unknown, 0, 1, 2), app("b;", fate.Done, 2, 3, 4), read("b;a;", 5, 6)}, true},
		{"lost", []Entry{a, app("b;", fate.Done, 4, 3, 4), app("c;", fate.Done, 4, 5, 6), read("a;c;", 7, 8)}, false},
		{"refused, and there", []Entry{app("a;", fate.Refused, 0, 1, 2), read("a;", 3, 4)}, false},
		{"never asked for", []Entry{read("x;", 1, 2)}, false},
		{"twice", []Entry{a, read("a;a;", 3, 4)}, false},
		{"stale", []Entry{a, read("", 3, 4), read("a;", 5, 6)}, false},
		{"two ends", []Entry{a, app("b;", fate.Done, 4, 3, 4), read("a;b;", 5, 6), read("b;", 7, 8)}, false},
		{"out of order", []Entry{app("a;", fate.Done, 4, 1, 2), app("b;", fate.Done, 2, 3, 4), read("b;a;", 5, 6)}, false},
		{"another size", []Entry{app("a;", fate.Done, 3, 1, 2), read("a;", 3, 4)}, false},
	} {
		l := &Log{Name: "log"}
		for _, e := range c.ops {
			l.Add(e)
		}
		if wrong := l.Check(); (wrong == "") != c.fine {
			t.Errorf("%s: %q", c.name, wrong)
		}
	}
}
