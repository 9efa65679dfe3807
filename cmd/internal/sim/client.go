package sim

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// client works on one connection at a time. It sends a few tasks in one go, waits for their answers, though
// not for ever, thinks, and goes on.
type client struct {
	s    *Sim
	id   int
	rng  *rand.Rand
	work func(*client) task // draws the next task; nil: none

	conn     *clientConn
	dials    int                  // connections so far
	brink    bool                 // it looks at a value whose time has just come
	reads    bool                 // it changes nothing
	readonly bool                 // its connection reads at followers too
	forward  bool                 // its commands are carried out elsewhere, if need be
	clings   bool                 // it asks whom it is connected to, whatever it knows
	waits    time.Duration        // for an answer, at most
	open     []*asked             // sent, in order
	routes   [slotmap.Count]uint8 // places, 0 for unknown
	round    uint64               // counts what was sent in one go, for timeouts
	busy     bool                 // something is under way
	lost     bool                 // its routes are wrong: it looks them up
	stopped  bool
}

// task is something to do on one connection: some commands, and what to make of their replies.
type task interface {
	commands() [][]string
	// end takes the replies, or nil where they will not come. It may ask for more on the same connection.
	end(replies []reply) task
}

// asked is a task whose replies are to come.
type asked struct {
	task    task
	want    int
	replies []reply
}

// reply is what a node answered.
type reply struct {
	err   string // the line of an error
	text  string
	null  bool
	n     int64
	items []reply
}

func (s *Sim) addClient(work func(*client) task) *client {
	c := &client{s: s, id: len(s.clients), rng: s.stream(300 + uint64(len(s.clients))), work: work, lost: true}
	c.waits = 9 * time.Second
	if c.rng.IntN(3) == 0 {
		c.waits = 500 * time.Millisecond
	}
	s.clients = append(s.clients, c)
	return c
}

// think ends what was under way, and begins something new after a while.
func (c *client) think() {
	c.busy = false
	round := c.round
	wait := time.Duration(c.rng.ExpFloat64() * float64(c.s.plan.think))
	if left := c.s.brief.due - c.s.now; left > 0 && c.rng.IntN(3) == 0 {
		c.brink, wait = true, left+time.Duration(c.rng.Int64N(int64(20*time.Millisecond)))
	}
	c.s.after(wait, func() {
		if !c.stopped && !c.busy && c.round == round {
			c.begin()
		}
	})
}

// begin draws tasks and sends them, on the connection to where the first of them belongs.
func (c *client) begin() {
	tasks, place := c.draw()
	if len(tasks) == 0 {
		c.think()
		return
	}
	c.busy = true
	if c.connected() && c.conn.place == place && c.rng.IntN(100) > 0 {
		c.send(tasks)
		return
	}
	c.connect(place, tasks)
}

// draw makes up what is sent in one go, and where to. Most of what belongs elsewhere is left out.
func (c *client) draw() (tasks []task, place int) {
	if c.lost {
		c.lost = false
		return []task{&look{c}}, c.anywhere()
	}
	for range 1 + c.rng.IntN(c.s.plan.pipeline) {
		t := c.work(c)
		if t == nil {
			break
		}
		at := c.route(t)
		switch _, alone := t.(*swap); {
		case len(tasks) == 0:
			tasks, place = []task{t}, at
			if alone { // a watch belongs to the connection
				return tasks, place
			}
		case alone || at != place && c.rng.IntN(10) > 0:
			t.end([]reply{})
		default:
			tasks = append(tasks, t)
		}
	}
	return tasks, place
}

// connect makes a new connection, and sends when it stands. What was not sent is not done.
func (c *client) connect(place int, tasks []task) {
	if c.conn != nil {
		c.conn.end()
	}
	c.readonly = c.s.plan.readonly && c.rng.IntN(3) == 0
	c.clings = c.rng.IntN(4) == 0 || c.readonly && c.rng.IntN(2) == 0
	c.forward = c.s.plan.forward && c.rng.IntN(2) == 0
	c.clings = c.clings || c.forward
	c.dials++
	var conn *clientConn
	conn = c.s.dial(place, func() {
		switch {
		case c.conn != conn:
		case conn.closed:
			c.broken(tasks)
			tasks = nil
		case tasks != nil:
			if c.readonly {
				tasks = append([]task{&switchMode{c, "READONLY"}}, tasks...)
			}
			if c.forward {
				tasks = append([]task{&switchMode{c, "CLIENT ROUTE FORWARD"}}, tasks...)
			}
			c.send(tasks)
			tasks = nil
		default:
			c.read()
		}
	})
	c.conn = conn
	c.patience(conn)
}

// broken ends what was under way on a connection.
func (c *client) broken(unsent []task) {
	c.lost = true
	for _, t := range unsent {
		t.end([]reply{})
	}
	open := c.open
	c.open = nil
	for _, a := range open {
		a.task.end(nil)
	}
	c.think()
}

// send writes the commands of all tasks in one go.
func (c *client) send(tasks []task) {
	var out []byte
	for _, t := range tasks {
		cmds := t.commands()
		c.open = append(c.open, &asked{task: t, want: len(cmds)})
		for _, args := range cmds {
			out = appendCommand(out, args)
		}
	}
	c.conn.write(out)
	c.patience(c.conn)
}

// patience ends a connection that does not answer.
func (c *client) patience(conn *clientConn) {
	c.round++
	round := c.round
	c.s.after(c.waits/9+time.Duration(c.rng.Int64N(int64(c.waits*8/9))), func() {
		if c.conn == conn && c.round == round && (len(c.open) > 0 || conn.to == nil) {
			conn.end()
		}
	})
}

func appendCommand(dst []byte, args []string) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	for _, a := range args {
		dst = append(dst, "\r\n$"...)
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, a...)
	}
	return append(dst, "\r\n"...)
}

// read takes the replies that are complete.
func (c *client) read() {
	for len(c.conn.in) > 0 {
		v, n, err := resp.ParseReply(c.conn.in)
		if errors.Is(err, resp.ErrIncomplete) {
			return
		}
		if err != nil || len(c.open) == 0 {
			c.s.fail("client %d: %q answers nothing that was asked", c.id, c.conn.in)
			return
		}
		r := newReply(v)
		c.conn.in = c.conn.in[n:]
		c.take(r)
	}
}

func newReply(v resp.Value) reply {
	r := reply{n: v.Int, null: v.Kind == resp.Null}
	if v.Kind == resp.Error {
		r.err = string(v.Str)
	} else {
		r.text = string(v.Str)
	}
	if len(v.Items) > 0 {
		r.items = make([]reply, len(v.Items))
	}
	for i, item := range v.Items {
		r.items[i] = newReply(item)
	}
	return r
}

// take gives a reply to the task that it answers.
func (c *client) take(r reply) {
	a := c.open[0]
	a.replies = append(a.replies, r)
	if r.err != "" {
		c.learn(r.err)
	}
	if len(a.replies) < a.want {
		return
	}
	c.open = c.open[1:]
	if next := a.task.end(a.replies); next != nil {
		c.send([]task{next})
	} else if len(c.open) == 0 {
		c.think()
	}
}

// learn follows a redirect.
func (c *client) learn(line string) {
	f := strings.Fields(line)
	if len(f) != 3 || f[0] != "MOVED" {
		return
	}
	slot, err := strconv.ParseUint(f[1], 10, 14)
	place := c.s.placeOf(f[2])
	if err != nil || place == 0 {
		c.s.fail("client %d is redirected by %q", c.id, line)
		return
	}
	c.routes[slot] = uint8(place)
	c.lost = c.rng.IntN(3) == 0
	c.clings = c.clings && c.rng.IntN(4) > 0
}

// route is where a task should be sent to: where its keys were last found, else anywhere.
func (c *client) route(t task) int {
	if k, ok := t.(interface{ key() string }); ok && !c.clings {
		if place := c.routes[slotmap.Slot([]byte(k.key()))]; place != 0 && c.rng.IntN(30) > 0 {
			return int(place)
		}
	}
	return c.anywhere()
}

func (c *client) anywhere() int {
	if c.clings && c.connected() {
		return c.conn.place
	}
	return 1 + c.rng.IntN(len(c.s.machines))
}

func (c *client) connected() bool { return c.conn != nil && !c.conn.closed }
