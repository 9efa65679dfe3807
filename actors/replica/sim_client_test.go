package replica

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/cespare/xxhash/v2"
)

// The keys of a simulation, each with its own kind of work: a register, a counter, a ledger that only
// grows, and one whose values expire.
var simKeys = []string{"register", "counter", "ledger", "fleeting"}

func newOps() map[string][]porcupine.Operation { return map[string][]porcupine.Operation{} }

// client is one connection at a time: it waits for its answer, though not for ever, and follows MOVED.
type client struct {
	s      *sim
	id     int
	n      int   // commands made
	target *node // nil: any
	open   *pending
}

// ask sends a batch, unless the last one is still open.
func (c *client) ask() {
	if c.open != nil && !c.open.lost() && c.s.rng.IntN(20) > 0 {
		return
	}
	if c.open != nil {
		c.open, c.target = nil, nil // its connection broke, or it has lost its patience
	}
	n := c.target
	if n == nil || n.handle == nil || c.s.rng.IntN(20) == 0 {
		n = c.s.nodes[c.s.rng.IntN(len(c.s.nodes))]
		c.target = n
	}
	if n.handle == nil {
		return
	}
	k, cmds := c.draw()
	if p := c.s.ask(n, k, c.id, cmds...); p.answer == nil {
		c.open = p
	}
}

// draw makes up a batch.
func (c *client) draw() (kind, []command) {
	rng := c.s.rng
	var cmds []command
	writes := rng.IntN(10) < 6
	for range 1 + rng.IntN(3)/2 {
		key := simKeys[rng.IntN(len(simKeys))]
		cmd := command{name: "get", key: key}
		if writes && (len(cmds) == 0 || rng.IntN(3) > 0) {
			cmd = c.write(key)
		}
		cmds = append(cmds, cmd)
	}
	switch {
	case writes:
		return kindWrite, cmds
	case rng.IntN(2) == 0:
		return kindFollower, cmds
	}
	return kindRead, cmds
}

func (c *client) write(key string) command {
	c.n++
	rng, unique := c.s.rng, fmt.Sprintf("%d.%d;", c.id, c.n)
	switch cmd := (command{key: key}); {
	case key == "counter":
		cmd.name = "incr"
		return cmd
	case key == "ledger", key == "fleeting" && rng.IntN(5) == 0:
		cmd.name, cmd.arg = "append", unique
		return cmd
	case key == "fleeting":
		cmd.name, cmd.arg, cmd.px = "set", unique, 20+20*rng.IntN(20)
		return cmd
	case rng.IntN(4) == 0:
		cmd.name = "del"
		return cmd
	default:
		cmd.name, cmd.arg = "set", unique
		return cmd
	}
}

// ask sends commands to a node and sees to it that what comes of them is recorded.
func (s *sim) ask(n *node, k kind, id int, cmds ...command) *pending {
	var args [][]string
	for i := range cmds {
		cmds[i].client, cmds[i].call = id, s.h.tick()
		args = append(args, cmds[i].args())
	}
	floor := s.floor
	p := s.sendBatch(n, k, func(p *pending) { s.answered(p, k, floor, cmds) }, args...)
	p.cmds = cmds
	if p.answer == nil {
		s.open = append(s.open, p)
	}
	return p
}

// answered takes an answer in the turn that gives it.
func (s *sim) answered(p *pending, k kind, floor uint64, cmds []command) {
	s.open = slices.DeleteFunc(s.open, func(o *pending) bool { return o == p })
	s.answers = s.answers*1099511628211 ^ xxhash.Sum64String(p.String()) ^ p.answer.Index
	if cmds[0].client < len(s.clients) {
		s.clients[cmds[0].client].learn(p)
	}
	switch p.answer.Status {
	case Done:
		s.tally.done++
		s.checkIndex(p, k, floor)
		for i, reply := range p.replies() {
			s.h.done(cmds[i], reply)
		}
	case Unknown:
		s.tally.unknown++
		for _, cmd := range cmds {
			s.h.unknown(cmd)
		}
	default:
		s.tally.refused++ // not done, so it is no part of the history: whoever sees it sees a ghost
	}
}

// checkIndex holds an answer against what was acknowledged before it was asked for.
func (s *sim) checkIndex(p *pending, k kind, floor uint64) {
	at := p.answer.Index
	switch {
	case k == kindWrite && at <= floor:
		s.fail("n%d: a write at index %d was asked for after the one at %d was acknowledged", p.node.i, at, floor)
	case at < floor:
		s.fail("n%d: a read at index %d was asked for after the write at %d was acknowledged", p.node.i, at, floor)
	}
	if need := len(s.watch.members.Conf.GetVoters())/2 + 1; k == kindWrite && !s.trouble.moves && s.watch.durable(p.node, at) < need {
		s.fail("n%d: the write at index %d is acknowledged, and on fewer disks than %d", p.node.i, at, need)
	}
	if k == kindWrite {
		s.floor = max(s.floor, at)
	}
}

// learn follows what an answer says of the leader.
func (c *client) learn(p *pending) {
	if c.open != p {
		return
	}
	c.open = nil
	switch p.answer.Status {
	case Done:
	case Moved:
		c.target = c.s.nodes[p.answer.Leader[0]-1]
	default:
		c.target = nil
	}
}

// buried records the requests that a node took with it.
func (s *sim) buried() {
	s.open = slices.DeleteFunc(s.open, func(p *pending) bool {
		if !p.lost() {
			return false
		}
		s.tally.lost++
		for _, cmd := range p.cmds {
			s.h.unknown(cmd)
		}
		return true
	})
}

// describe lists the history of a key, by the time of the calls.
func (h *history) describe(key string) string {
	ops := slices.Clone(h.ops[key])
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range ops {
		end := fmt.Sprint(op.Return)
		if op.Output == nil {
			end = "?"
		}
		fmt.Fprintf(&b, "  %d..%s client %d: %v -> %q\n", op.Call, end, op.ClientId, op.Input.(command).args(), op.Output)
	}
	return b.String()
}
