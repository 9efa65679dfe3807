package forward

import (
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
)

func words(args ...string) (out [][]byte) {
	for _, a := range args {
		out = append(out, []byte(a))
	}
	return out
}

// mixed is a batch of operations of each kind that a full node tells apart.
func (in inbox) mixed() *replica.Batch {
	b := &replica.Batch{Count: 6, Write: true, Quiet: true, Proto: 2, Sink: in}
	set, del := words("set", "k", "v"), words("del", "k")
	b.Ops = keyspace.AppendOp(b.Ops, 5, set)
	b.Ops = keyspace.AppendOp(b.Ops, 5, del)
	b.Ops = keyspace.AppendTx(b.Ops, 5, nil, [][][]byte{del, set})
	b.Ops = keyspace.AppendTx(b.Ops, 5, nil, [][][]byte{del, del})
	b.Ops = keyspace.AppendOnce(b.Ops, 5, nil, [][][]byte{set}, []byte("name"))
	b.Ops = keyspace.AppendOp(b.Ops, 5, words("xgroup", "create", "k", "g", "0"))
	return b
}

// TestFullNode: of what others ask, what may need more memory is refused and never reaches the replica; the rest is
// carried out, and every reply stands where it belongs.
func TestFullNode(t *testing.T) {
	one, two := pair(t)
	two.full.Store(true)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.mixed())
	got := receive(t, "batch", two.asked)
	if got.Count != 3 || !got.Quiet {
		t.Errorf("%d operations, quiet %v", got.Count, got.Quiet)
	}
	a := receive(t, "answer", in)
	want := "-" + keyspace.NoMemory + "\r\n+[del k]\r\n-" + keyspace.NoMemoryInTx + "\r\n+[tx recall=false]\r\n+[tx recall=true]\r\n-" +
		keyspace.NoMemory + "\r\n"
	if a.Status != replica.Done || string(a.Replies) != want || len(a.Ends) != 6 || int(a.Ends[5]) != len(want) {
		t.Errorf("%v %q %v", a.Status, a.Replies, a.Ends)
	}
	if n := two.replica.Gauges.Refused[replica.OOM].Load(); n != 3 {
		t.Errorf("%d are counted as refused", n)
	}
	if n, bytes := two.replica.Budget.InUse(); n != 0 || bytes != 0 {
		t.Errorf("%d operations of %d bytes are still accounted for", n, bytes)
	}
}

// TestFullNodeRefusesAll: the replica hears nothing of a batch of which nothing is left.
func TestFullNodeRefusesAll(t *testing.T) {
	one, two := pair(t)
	two.full.Store(true)
	in := newInbox()
	b := in.batch(true)
	b.Count, b.Ops = 1, keyspace.AppendOp(nil, 5, words("set", "k", "v"))
	one.fwd.Ask(two.id, 1, b)
	if a := receive(t, "answer", in); a.Status != replica.Done || string(a.Replies) != "-"+keyspace.NoMemory+"\r\n" {
		t.Errorf("%v %q", a.Status, a.Replies)
	}
	if len(two.asked) > 0 {
		t.Error("it reached the replica")
	}
	one.wantIdle()
}

// TestFullNodeThatDoesNotLead: who leads comes first.
func TestFullNodeThatDoesNotLead(t *testing.T) {
	one, two := pair(t)
	two.full.Store(true)
	two.replica.Gauges.Role.Store(uint32(replica.RoleFollower))
	two.leads.Store(&one.id)
	in := newInbox()
	one.fwd.Ask(two.id, 1, in.mixed())
	if a := receive(t, "answer", in); a.Status != replica.Moved || a.Leader != one.id {
		t.Errorf("%v of %v", a.Status, a.Leader)
	}
	if got := receive(t, "batch", two.asked); got.Count != 6 {
		t.Errorf("%d operations", got.Count)
	}
}
