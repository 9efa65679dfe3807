package replica

import (
	"fmt"
	"strings"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
)

// pending is a batch on its way.
type pending struct {
	c       *cluster
	batch   *Batch
	node    *node
	life    *mailbox.Life
	waiter  uint64 // of an operation that waits
	answer  *Answer
	then    func(*pending) // called with the answer, if set
	blocked func(*pending) // called when it waits, if set
	cmds    []command
}

// Deliver implements Sink.
func (p *pending) Deliver(a *Answer) {
	if p.answer != nil {
		p.c.fail("a batch was answered twice: %v, then %v", p.answer.Status, a.Status)
		return
	}
	if a.Status == Waits {
		p.waits(a)
		return
	}
	if p.c.forge != nil {
		a = p.c.forge(p, a)
	}
	if a == nil {
		return
	}
	p.answer = a
	if p.then != nil {
		p.then(p)
	}
}

// waits notes that the operation waits.
func (p *pending) waits(a *Answer) {
	if p.waiter != 0 {
		p.c.fail("a batch was told twice that it waits")
	}
	if p.waiter = a.Waiter; p.blocked != nil {
		p.blocked(p)
	}
}

// unblock asks for the end of the wait, as a session does whose client is gone.
func (p *pending) unblock(withError bool) {
	if p.waiter != 0 && !p.life.Over() && p.node.handle != nil {
		p.node.system.Root.Send(p.node.handle.PID, &Unblock{IDs: []uint64{p.waiter}, Error: withError})
	}
}

func (p *pending) String() string {
	switch {
	case p.answer == nil && p.waiter != 0:
		return "waits"
	case p.answer == nil:
		return "no answer"
	case p.answer.Status == Done:
		return strings.ReplaceAll(strings.TrimSpace(string(p.answer.Replies)), "\r\n", " ")
	case p.answer.Status == Moved:
		return fmt.Sprintf("moved n%d", p.answer.Leader[0])
	}
	return p.answer.Status.String()
}

// replies gives the reply of each operation.
func (p *pending) replies() []string {
	var out []string
	from := uint32(0)
	for _, end := range p.answer.Ends {
		out = append(out, string(p.answer.Replies[from:end]))
		from = end
	}
	return out
}

// lost reports whether the node ended before it answered: the client sees its connection break.
func (p *pending) lost() bool { return p.answer == nil && p.life.Over() }

// kind is how a batch is asked for.
type kind int

const (
	kindWrite kind = iota
	kindRead
	kindFollower
	kindWait
)

// send asks node n for one command, without letting anything run.
func (c *cluster) send(n *node, k kind, args ...string) *pending {
	return c.sendBatch(n, k, nil, args)
}

// sendBatch asks node n for a batch of commands.
func (c *cluster) sendBatch(n *node, k kind, then func(*pending), cmds ...[]string) *pending {
	p := &pending{c: c, node: n, life: n.life, then: then}
	p.batch = &Batch{Count: len(cmds), Write: k == kindWrite || k == kindWait, Follower: k == kindFollower, Proto: 2, Sink: p}
	for _, args := range cmds {
		var b [][]byte
		for _, a := range args {
			b = append(b, []byte(a))
		}
		slot := slotmap.Slot(b[min(1, len(b)-1)])
		if k == kindWait {
			p.batch.Ops = keyspace.AppendWait(p.batch.Ops, slot, b)
		} else {
			p.batch.Ops = keyspace.AppendOp(p.batch.Ops, slot, b)
		}
	}
	if n.handle == nil {
		c.t.Fatalf("no replica runs on n%d", n.i)
	}
	if !n.handle.Budget.TryAcquire(p.batch.Cost()) {
		p.Deliver(&Answer{Batch: p.batch, Status: TryAgain})
		return p
	}
	n.system.Root.Send(n.handle.PID, p.batch)
	return p
}
