package history

import (
	"fmt"
	"math"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Log is the history of a key that only ever grows, by pieces that are unique and end with ";". Its longest
// value tells the place of every operation, so that its check needs no search, however many outcomes are
// unknown. It belongs to one goroutine.
type Log struct {
	Name    string
	entries []Entry
}

// Entry is one operation on a Log: an append, or a read if it has no piece.
type Entry struct {
	Client       int
	Piece        string
	Fate         fate.Fate
	Text         string // what a read has read
	Size         int    // what an append was answered: the length after it
	Call, Return int64
}

// Add adds an operation.
func (l *Log) Add(e Entry) { l.entries = append(l.entries, e) }

// Len counts the operations.
func (l *Log) Len() int { return len(l.entries) }

// Check returns what is wrong with the history, "" if nothing is.
func (l *Log) Check() string {
	whole := ""
	for _, e := range l.entries {
		if e.Fate == fate.Done && len(e.Text) > len(whole) {
			whole = e.Text
		}
	}
	ends, twice := places(whole)
	if twice != "" {
		return fmt.Sprintf("%s: %s is there twice", l.Name, twice)
	}
	var all []placed
	for _, e := range l.entries {
		p, wrong := place(e, whole, ends)
		if wrong != "" {
			return l.Name + ": " + wrong
		}
		delete(ends, e.Piece)
		if p != nil {
			all = append(all, *p)
		}
	}
	for piece := range ends {
		return fmt.Sprintf("%s: %s is there, and nobody appended it", l.Name, piece)
	}
	return l.inTime(all)
}

// places tells where each piece of a value ends.
func places(whole string) (ends map[string]int, twice string) {
	ends = map[string]int{}
	for at, rest := 0, whole; rest != ""; {
		piece, after, _ := strings.Cut(rest, ";")
		piece += ";"
		at, rest = at+len(piece), after
		if _, there := ends[piece]; there {
			return nil, piece
		}
		ends[piece] = at
	}
	return ends, ""
}

// placed is an operation at its place in the only order that is possible.
type placed struct {
	Entry
	at int
}

// place finds the place of an operation; there is none for one that had no effect.
func place(e Entry, whole string, ends map[string]int) (*placed, string) {
	at, there := ends[e.Piece]
	switch {
	case e.Piece == "" && e.Fate != fate.Done:
		return nil, ""
	case e.Piece == "" && !strings.HasPrefix(whole, e.Text):
		return nil, fmt.Sprintf("%q was read, and is no beginning of %q", e.Text, whole)
	case e.Piece == "":
		return &placed{e, len(e.Text)}, ""
	case e.Fate == fate.Done && !there && e.Size <= len(whole):
		return nil, fmt.Sprintf("%s was acknowledged, and is lost", e.Piece)
	case e.Fate == fate.Done && !there:
		return &placed{e, e.Size}, "" // nobody has read that far
	case e.Fate == fate.Done && e.Size != at:
		return nil, fmt.Sprintf("%s was answered %d, and ends at %d", e.Piece, e.Size, at)
	case e.Fate == fate.Refused && there:
		return nil, fmt.Sprintf("%s was refused, and is there", e.Piece)
	case !there:
		return nil, ""
	case e.Fate == fate.Unknown:
		e.Return = math.MaxInt64
	}
	return &placed{e, at}, ""
}

// inTime checks that no operation has its place before one that was over when it began.
func (l *Log) inTime(all []placed) string {
	for _, a := range all {
		for _, b := range all {
			if a.Return < b.Call && (b.at < a.at || b.at == a.at && b.Piece != "") {
				return fmt.Sprintf("%s: an operation of client %d that ends at %d was over before one of client %d began, and its place %d is not before %d",
					l.Name, a.Client, a.Return, b.Client, a.at, b.at)
			}
		}
	}
	return ""
}
