package keyspace

import (
	"fmt"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/wire/resp"
)

// call is a command while it runs.
type call struct {
	Env  *Env
	Args [][]byte // Args[0] is the lower-case name; all alias the entry
	W    *resp.Writer
	key  *hashed // of the operation, or the one that withAhead is at; nil: not known
	now  int64   // the time for what is told to the client; for a change it is Env.Now

	waits   bool     // it may wait: no read outside the log, no part of a transaction
	repeats bool     // one that waited is repeated
	keeps   bool     // the reply becomes part of the replicated state: nothing in it is of this replica alone
	changed bool     // a version of the state was opened for this operation
	num     [24]byte // room for the text of an integer
}

// handler carries out a command. It answers with exactly one reply and does not
// keep the arguments. The number of arguments was checked.
type handler func(s *State, c *call)

// Exec carries out an operation and writes its reply to w. It is total: what is
// no command, has odd arguments or makes a handler panic gets an error reply,
// and the same one on every replica. Only if NotOwned or Blocked tells so
// nothing is written. Operations that waited for what it did are carried out behind it.
func (s *State) Exec(env *Env, op *Op, w *resp.Writer) {
	s.begin(env)
	s.notOwned, s.blocked = false, Blocked{}
	if !s.ownsOp(op) {
		s.notOwned = true
		return
	}
	s.call.W, s.call.key, s.call.waits = w, &op.key, op.Wait && !env.Read
	if op.Tx != nil {
		s.execTx(op.Slot, op.Tx)
	} else {
		s.run(op.Args)
	}
	s.serve()
	s.entries.reclaim()
	s.call.Args, s.call.W, s.call.key = nil, nil, nil
}

// begin prepares the call for an operation at env.
func (s *State) begin(env *Env) {
	c := &s.call
	c.Env, c.now, c.changed = env, env.Now, false
	if env.Read {
		c.now = max(env.Now, env.ReadNow)
	}
	s.usage.at(c.now)
}

// ownsOp tells whether the slot of an operation is here. A command on all keys
// has none.
func (s *State) ownsOp(op *Op) bool {
	if s.serves(op.Slot) {
		return true
	}
	return op.Tx == nil && slotless(op.Args)
}

// execTx runs a transaction, or finds that it ran.
func (s *State) execTx(slot uint16, tx *Tx) {
	if tx.Once != nil {
		s.execOnce(slot, tx)
		return
	}
	s.runTx(tx)
}

// runTx runs a transaction as one operation: all its changes are one version.
// An error of a command does not stop those after it. It returns false, and did
// nothing, if a watched key was modified.
func (s *State) runTx(tx *Tx) bool {
	w := s.call.W
	if !s.unchanged(tx.Watches, s.call.Env.Now) && !plant.WatchIgnored.On() {
		w.NullArray()
		return false
	}
	w.Array(len(tx.Cmds))
	for _, args := range tx.Cmds {
		s.run(args)
	}
	return true
}

// run carries out one command.
func (s *State) run(args [][]byte) {
	c := &s.call
	c.Args = args
	s.draws.command(c.Env)
	if len(args) == 0 {
		c.W.Error("ERR empty command")
		return
	}
	h, idle, err := s.resolve(args)
	if err != nil {
		c.W.Error(err.Error())
		return
	}
	if idle && c.W.Discarding() && !c.waits {
		return
	}
	from := c.W.Len()
	defer func() {
		if p := recover(); p != nil {
			s.recovered(from, p)
		}
	}()
	h(s, c)
}

// refusal is panicked with by what finds, deep inside a command, that it must
// not go on. Its text is the reply.
type refusal string

const (
	refuseRead      refusal = "ERR this command writes and cannot be served as a read"
	refuseKept      refusal = "ERR what differs between replicas is not told in a transaction that is applied once"
	refuseCrossSlot refusal = "CROSSSLOT Keys in request don't hash to the same slot"
)

// recovered turns a panic into the only reply of the command.
func (s *State) recovered(from int, p any) {
	w := s.call.W
	w.Truncate(from)
	if r, ok := p.(refusal); ok {
		w.Error(string(r))
		return
	}
	s.panics++
	w.Error(fmt.Sprintf("ERR internal error in '%s'", s.call.Args[0]))
}
