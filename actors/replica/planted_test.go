package replica

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/wire"
)

// The simulation is worth what it would find. Each of these bugs is planted, and must be found by some seed
// before long, in the words of the check that is meant for it.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range []struct {
		name  string
		plant func(*sim)
		found []string // one of these is in the verdict
	}{
		{"an append is acknowledged before it is synced", allDisks(func(d *disk) { d.lies = true }), []string{"on fewer disks than", "its disk knows of term"}},
		{"a disk forgets what it has synced", allDisks(func(d *disk) { d.forgets = 3 }), []string{"is lost", "another entry", "is acknowledged", "out of range", "commit", "asked for after"}},
		{"a disk forgets its vote", perjury, []string{"two leaders", "another entry"}},
		{"a follower reads without waiting for its index", readsAtOnce, []string{"a read at index", "no order of the operations"}},
		{"a leader takes heartbeats for answered that are lost", believesItself, []string{"a read at index"}},
		{"a leader is confirmed by who does not hear it", confirmsUnheard, []string{"a read at index"}},
		{"a node confirms whatever it is asked", confirmsBlindly, []string{"a read at index"}},
		{"an entry is changed on its way", changesEntries, []string{"another entry"}},
		{"an answer says no, and it was done", forge(func(p *pending, a *Answer) *Answer {
			return &Answer{Batch: a.Batch, Status: Down}
		}), []string{"was refused", "no order of the operations", "refused increments"}},
		{"an answer says yes, and it was not done", claimsDone, []string{"is lost", "no order of the operations", "not the only one", "asked for after"}},
		{"an answer gets lost", forge(func(*pending, *Answer) *Answer { return nil }), []string{"no sound group"}},
		{"an answer is given twice", forge(func(p *pending, a *Answer) *Answer {
			p.answer = a
			p.Deliver(a)
			return a
		}), []string{"answered twice"}},
		{"a leader believes its own clock", func(s *sim) { s.gullible = true }, []string{"ms ahead at index"}},
		{"a budget leaks", leaks, []string{"of the budget are still taken"}},
	} {
		t.Run(bug.name, func(t *testing.T) { mustBeFound(t, bug.plant, bug.found) })
	}
}

func mustBeFound(t *testing.T, plant func(*sim), words []string) {
	const seeds = 200
	for seed := uint64(1); seed <= seeds; seed++ {
		s := simulate(t, seed, plant)
		if s.failed == "" {
			continue
		}
		for _, w := range words {
			if strings.Contains(s.failed, w) {
				t.Logf("seed %d: %s", seed, strings.SplitN(s.failed, "\n", 2)[0])
				return
			}
		}
		t.Fatalf("seed %d finds something, and in other words: %s", seed, s.failed)
	}
	t.Fatalf("%d seeds do not find it", seeds)
}

func allDisks(f func(*disk)) func(*sim) {
	return func(s *sim) {
		for _, n := range s.nodes {
			f(n.disk)
		}
	}
}

// perjury needs two candidates and a voter that crashes between their requests, so there is nothing else.
func perjury(s *sim) {
	allDisks(func(d *disk) { d.perjures = true })(s)
	s.trouble = trouble{rate: 0.2, kinds: []func(*sim){(*sim).riot}}
}

// raftOf gives what is in a frame for another replica.
func raftOf(m wire.Message) *raftpb.Message {
	if r, ok := m.(*wire.Raft); ok {
		return r.Message
	}
	return &raftpb.Message{}
}

func readsAtOnce(s *sim) {
	s.net.tamper = func(_, _ *node, m wire.Message) wire.Message {
		if r := raftOf(m); r.GetType() == raftpb.MsgReadIndexResp {
			r.Index = new(uint64(1))
		}
		return m
	}
}

func confirmsUnheard(s *sim) {
	s.raftReads = false
	s.trouble = trouble{rate: 0.1, kinds: []func(*sim){(*sim).cutOne, (*sim).cutOne, (*sim).healSome}}
	s.net.ghost = func(from, to *node, m wire.Message) {
		if q, ok := m.(*wire.Confirm); ok && from.life != nil {
			in := &link.Inbound{From: to.id, Message: &wire.Confirmed{ID: q.ID}}
			from.system.Root.Send(from.system.NewLocalPID(confirm.Name), in)
		}
	}
}

// confirmsBlindly needs a leader that has been deposed and does not know it, and whose node is in touch with the others.
func confirmsBlindly(s *sim) {
	s.raftReads = false
	s.trouble = trouble{rate: 0.1, kinds: []func(*sim){(*sim).muteOne, (*sim).evidence, (*sim).evidence, (*sim).healSome}}
	s.net.tamper = func(_, _ *node, m wire.Message) wire.Message {
		if a, ok := m.(*wire.Confirmed); ok {
			return &wire.Confirmed{ID: a.ID}
		}
		return m
	}
}

func believesItself(s *sim) {
	s.raftReads = true
	s.net.ghost = func(from, to *node, m wire.Message) {
		if r := raftOf(m); r.GetType() == raftpb.MsgHeartbeat && from.handle != nil {
			from.system.Root.Send(from.handle.PID, &link.Inbound{From: to.id, Message: &wire.Raft{Shard: testShard, Message: &raftpb.Message{
				Type: raftpb.MsgHeartbeatResp.Enum(), From: r.To, To: r.From, Term: r.Term, Context: r.Context,
			}}})
		}
	}
}

func changesEntries(s *sim) {
	s.net.tamper = func(_, to *node, m wire.Message) wire.Message {
		r := raftOf(m)
		for i, e := range r.GetEntries() {
			if data := e.GetData(); to.i == 2 && r.GetType() == raftpb.MsgApp && e.GetType() == raftpb.EntryNormal && len(data) > 0 && e.GetIndex()%7 == 0 {
				r.Entries[i] = proto.Clone(e).(*raftpb.Entry)
				r.Entries[i].Data[len(data)-1] ^= 1
			}
		}
		return m
	}
}

// forge changes the answer of every tenth batch that is done.
func forge(f func(*pending, *Answer) *Answer) func(*sim) {
	return func(s *sim) {
		n := 0
		s.cluster.forge = func(p *pending, a *Answer) *Answer {
			if a.Status != Done || !p.batch.Write {
				return a
			}
			if n++; n%10 != 0 {
				return a
			}
			return f(p, a)
		}
	}
}

func claimsDone(s *sim) {
	s.cluster.forge = func(p *pending, a *Answer) *Answer {
		if a.Status == Done || a.Status == Unknown || !p.batch.Write || p.cmds == nil || p.cmds[0].name != "set" {
			return a
		}
		return &Answer{Batch: a.Batch, Status: Done, Replies: []byte("+OK\r\n"), Ends: []uint32{5}, Index: s.floor + 1}
	}
}

func leaks(s *sim) {
	s.trouble.kinds = append(s.trouble.kinds, func(s *sim) {
		if n := s.any(); n.handle != nil {
			n.handle.Budget.TryAcquire(1, 1)
		}
	})
}

// The checks of histories, each with a history that it must refuse beside one that it must not.
func TestHistoryChecks(t *testing.T) {
	type op struct {
		name, arg, reply string
		call, end        int64
	}
	for _, test := range []struct {
		key  string
		ops  []op
		fine bool
	}{
		{"ledger", []op{{"append", "a;", ":2\r\n", 1, 2}, {"append", "b;", ":4\r\n", 3, 4}, {"get", "", "$4\r\na;b;\r\n", 5, 6}}, true},
		{"ledger", []op{{"append", "a;", ":2\r\n", 1, 2}, {"get", "", "$-1\r\n", 3, 4}}, false},                                          // lost
		{"ledger", []op{{"get", "", "$2\r\na;\r\n", 3, 4}}, false},                                                                       // refused, and there
		{"ledger", []op{{"append", "a;", ":2\r\n", 1, 2}, {"get", "", "$-1\r\n", 3, 4}, {"get", "", "$2\r\na;\r\n", 5, 6}}, false},       // stale
		{"ledger", []op{{"append", "a;", ":2\r\n", 1, 2}, {"get", "", "$4\r\na;a;\r\n", 3, 4}}, false},                                   // twice
		{"ledger", []op{{"append", "a;", ":4\r\n", 1, 2}, {"append", "b;", ":2\r\n", 3, 4}, {"get", "", "$4\r\nb;a;\r\n", 5, 6}}, false}, // out of order
		{"register", []op{{"set", "a", "+OK\r\n", 1, 2}, {"get", "", "$1\r\na\r\n", 3, 4}}, true},
		{"register", []op{{"set", "a", "+OK\r\n", 1, 2}, {"get", "", "$-1\r\n", 3, 4}}, false},
		{"counter", []op{{"incr", "", ":1\r\n", 1, 2}, {"get", "", "$1\r\n1\r\n", 1, 4}, {"incr", "", ":2\r\n", 3, 4}}, true},
		{"counter", []op{{"incr", "", ":1\r\n", 1, 2}, {"incr", "", ":1\r\n", 3, 4}}, false},
		{"counter", []op{{"incr", "", ":2\r\n", 1, 2}}, false},
		{"counter", []op{{"incr", "", ":1\r\n", 1, 2}, {"get", "", "$-1\r\n", 3, 4}}, false},
	} {
		h := history{ops: newOps()}
		for i, o := range test.ops {
			h.ops[test.key] = append(h.ops[test.key], porcupine.Operation{
				ClientId: i, Input: command{name: o.name, key: test.key, arg: o.arg, call: o.call}, Output: o.reply, Call: o.call, Return: o.end,
			})
		}
		if wrong := h.check(); (wrong == "") != test.fine {
			t.Errorf("%v: %s", test.ops, wrong)
		}
	}
}
