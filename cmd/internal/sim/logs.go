package sim

import (
	"fmt"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// logs are keys that only grow, by pieces that nobody else appends.
type logs struct {
	s    *Sim
	keys []*history.Log
	made int
}

const (
	liveLogs  = 2
	maxPieces = 150
)

// task appends to a log or reads it.
func (l *logs) task(c *client) task {
	for len(l.keys) < liveLogs {
		l.keys = append(l.keys, l.add())
	}
	i := c.rng.IntN(liveLogs)
	log := l.keys[len(l.keys)-1-i]
	if log.Len() >= maxPieces {
		l.keys = append(l.keys, l.add())
	}
	e := history.Entry{Client: c.id, Call: l.s.moment()}
	if !c.reads && c.rng.IntN(3) > 0 {
		l.made++
		e.Piece = fmt.Sprintf("%d.%d;", c.id, l.made)
	}
	return &logged{c, log, e}
}

func (l *logs) add() *history.Log { return &history.Log{Name: fmt.Sprintf("log%d", len(l.keys))} }

// logged is one operation on a log.
type logged struct {
	c   *client
	log *history.Log
	e   history.Entry
}

func (l *logged) key() string { return l.log.Name }

func (l *logged) commands() [][]string {
	if l.e.Piece == "" {
		return [][]string{{"GET", l.log.Name}}
	}
	return [][]string{{"APPEND", l.log.Name, l.e.Piece}}
}

func (l *logged) end(replies []reply) task {
	l.e.Fate = l.c.fateOf(replies, 0)
	l.e.Return = l.c.s.moment()
	if l.e.Fate == fate.Done {
		l.e.Text, l.e.Size = replies[0].text, int(replies[0].n)
	}
	l.log.Add(l.e)
	return nil
}
