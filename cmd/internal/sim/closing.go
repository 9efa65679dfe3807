package sim

import "github.com/troupedb/troupe/cmd/internal/fate"

// closing asks something when all is over, until it is answered.
type closing struct {
	c    *client
	s    *Sim
	name string // of the key
	ask  [][]string
	from int // the commands before this one need not be done
	take func([]reply)
	open *int // closings that are not answered
}

func (l *closing) key() string          { return l.name }
func (l *closing) commands() [][]string { return l.ask }

func (l *closing) by(c *client) task {
	l.c = c
	return l
}

func (l *closing) end(replies []reply) task {
	for i := l.from; i < len(l.ask); i++ {
		if l.c.fateOf(replies, i) != fate.Done {
			l.s.again = append(l.s.again, l)
			return nil
		}
	}
	*l.open--
	l.take(replies)
	return nil
}

// texts are the strings of a list.
func texts(r reply) (all []string) {
	for _, item := range r.items {
		all = append(all, item.text)
	}
	return all
}
