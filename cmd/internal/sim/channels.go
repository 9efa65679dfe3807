package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/troupedb/troupe/cmd/internal/history"
	"github.com/troupedb/troupe/wire/resp"
)

// channels are what clients publish to, and subscribers listen to.
type channels struct {
	s    *Sim
	all  []*history.Channel
	made int
}

const (
	channelCount    = 2
	subscriberCount = 2
)

func newChannels(s *Sim) *channels {
	c := &channels{s: s}
	for i := range channelCount {
		c.all = append(c.all, history.NewChannel(fmt.Sprintf("channel%d", i)))
	}
	return c
}

// task publishes a message.
func (ch *channels) task(c *client) task {
	return &published{c: c, ch: ch.all[c.rng.IntN(len(ch.all))]}
}

// published is a message. It gets its text when it is sent, for its order is that on its connection.
type published struct {
	c    *client
	ch   *history.Channel
	text string
}

func (p *published) commands() [][]string {
	made := &p.c.s.channels.made
	*made++
	sender := fmt.Sprintf("%d/%d", p.c.id, p.c.dials)
	p.text = fmt.Sprintf("%s:%d", sender, *made)
	p.ch.Send(sender, p.text)
	return [][]string{{"PUBLISH", p.ch.Name, p.text}}
}

func (p *published) end(replies []reply) task {
	if p.text == "" {
		return nil
	}
	if wrong := p.ch.Answered(p.text, p.c.fateOf(replies, 0)); wrong != "" {
		p.c.s.fail("%s", wrong)
	}
	return nil
}

// listen begins with the subscribers.
func (ch *channels) listen() {
	for i := range subscriberCount {
		l := &subscriber{s: ch.s, id: i, rng: ch.s.stream(500 + uint64(i))}
		l.subscribe()
	}
}

// subscriber subscribes to all channels, over one connection after another.
type subscriber struct {
	s     *Sim
	id    int
	rng   *rand.Rand
	conn  *clientConn
	hears map[string]*history.Hearer
	said  bool // that it subscribes
}

// maxListening is how long a subscriber stays with a connection.
const maxListening = 40 * time.Second

func (l *subscriber) subscribe() {
	l.hears, l.said = map[string]*history.Hearer{}, false
	var conn *clientConn
	conn = l.s.dial(1+l.rng.IntN(len(l.s.machines)), func() { l.got(conn) })
	l.conn = conn
	l.s.after(time.Duration(l.rng.Int64N(int64(maxListening))), conn.end)
}

// got looks at what has come, and goes elsewhere when the connection has ended.
func (l *subscriber) got(conn *clientConn) {
	switch {
	case conn.closed && conn == l.conn:
		l.conn = nil
		l.s.after(time.Duration(l.rng.Int64N(int64(2*time.Second))), func() {
			if !l.s.mended {
				l.subscribe()
			}
		})
	case conn.closed:
	case !l.said:
		l.said = true
		cmd := []string{"SUBSCRIBE"}
		for _, ch := range l.s.channels.all {
			cmd = append(cmd, ch.Name)
		}
		conn.write(appendCommand(nil, cmd))
	default:
		l.read(conn)
	}
}

// read takes the messages that are complete.
func (l *subscriber) read(conn *clientConn) {
	for len(conn.in) > 0 {
		v, n, err := resp.ParseReply(conn.in)
		if errors.Is(err, resp.ErrIncomplete) {
			return
		}
		if err != nil {
			l.s.fail("subscriber %d cannot read %q", l.id, conn.in)
			return
		}
		conn.in = conn.in[n:]
		l.take(newReply(v))
	}
}

// take hears a message, or that it is subscribed now.
func (l *subscriber) take(r reply) {
	switch {
	case r.err != "": // the node cannot serve it now
		l.conn.end()
	case len(r.items) != 3:
		l.s.fail("subscriber %d hears %v: a reply that belongs elsewhere", l.id, r)
	case r.items[0].text == "subscribe":
		for _, ch := range l.s.channels.all {
			if ch.Name == r.items[1].text {
				l.hears[ch.Name] = ch.Subscribe()
			}
		}
	case r.items[0].text != "message" || l.hears[r.items[1].text] == nil:
		l.s.fail("subscriber %d hears %v, and is not subscribed to that", l.id, r)
	default:
		l.s.tally.Messages++
		if wrong := l.hears[r.items[1].text].Hear(r.items[2].text); wrong != "" {
			l.s.fail("subscriber %d: %s", l.id, wrong)
		}
	}
}
