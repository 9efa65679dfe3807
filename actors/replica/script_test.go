package replica

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/troupedb/troupe/actors/keyspace"
)

// TestScripts runs the stories in testdata. Each command lets everything settle that it set off, unless
// its last word is "later", and prints what it was asked for, then every request that was answered
// meanwhile. Run it with -rewrite after a change that is meant.
//
//	cluster nodes=N voters=V [every=E] [keep=K] [leases=1]   a group of V voters; snapshots every E entries
//	elect nX                                      only nX's clock runs until it leads
//	tick n=T [only=(nX,…)]                        time passes, 20 ms a tick
//	write nX CMD… | read nX CMD… | readonly nX CMD…
//	block nX CMD…                                 a command that may wait; unblock and fail end its wait
//	unblock nX CMD… | fail nX CMD…
//	fill nX n=N size=S                            N keys of S bytes, ten to an entry
//	wait nX need=N [timeout=MS]                   WAIT for the newest acknowledged write
//	cut nX [nY] | cut-from nX nY | heal           links; cut-from loses what nX sends to nY
//	lost nX                                       all others are told that their link to nX broke
//	kill nX… | restart nX… | wipe nX | node       node makes a fresh one
//	hold-disk nX | release-disk nX | low nX | roomy nX
//	copies nX least=N                             nX wants so many copies of a write beside its own
//	pause nX | unpause nX                         nX has its clients paused
//	memory nX limit=BYTES policy=NAME             what nX may hold of keys, and how it evicts as a leader
//	change nX [add=nY] [promote=nY] [remove=nY]   one configuration change, asked of nX
//	transfer nX nY | handover nX
//	skew nX ms=MS                                 nX's wall clock is off by that
//	pass ms=MS                                    time passes, and no clock of the nodes ticks
//	time                                          wall clocks against the true time, and what the nodes make of them
//	status | log nX [from=I] | members
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{t: t}
		datadriven.RunTest(t, path, s.run)
	})
}

type script struct {
	t     *testing.T
	c     *cluster
	d     *datadriven.TestData
	open  []*told
	floor uint64
	out   strings.Builder
}

// told is a request that is not answered yet.
type told struct {
	what string
	p    *pending
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.d = d
	s.out.Reset()
	later := false
	if n := len(d.CmdArgs); n > 0 && d.CmdArgs[n-1].Key == "later" {
		later, d.CmdArgs = true, d.CmdArgs[:n-1]
	}
	do, ok := scriptCommands[d.Cmd]
	if !ok {
		d.Fatalf(t, "no such command")
	}
	do(s)
	if s.c != nil && !later {
		s.c.settle()
	}
	s.answers()
	if s.out.Len() == 0 {
		return "ok"
	}
	return s.out.String()
}

var scriptCommands = map[string]func(*script){
	"cluster": (*script).cluster, "elect": (*script).elect, "tick": (*script).tick,
	"write": func(s *script) { s.request(kindWrite) }, "read": func(s *script) { s.request(kindRead) },
	"readonly": func(s *script) { s.request(kindFollower) }, "block": func(s *script) { s.request(kindWait) },
	"unblock": func(s *script) { s.unblock(false) }, "fail": func(s *script) { s.unblock(true) }, "fill": (*script).fill, "wait": (*script).wait,
	"cut": (*script).cut, "cut-from": func(s *script) { s.c.net.cutOneWay(s.node(0), s.node(1)) },
	"heal": func(s *script) { s.c.net.healAll() }, "lost": func(s *script) { s.c.lost(s.node(0)) },
	"kill": func(s *script) { s.each(s.c.kill) }, "restart": func(s *script) { s.each(s.c.start) },
	"wipe": func(s *script) { s.c.wipe(s.node(0)) }, "node": func(s *script) { s.c.start(s.c.addNode()) },
	"hold-disk":    func(s *script) { s.node(0).disk.held = true },
	"release-disk": func(s *script) { s.node(0).disk.release() },
	"memory":       (*script).memory,
	"low":          func(s *script) { s.node(0).disk.low = true }, "roomy": func(s *script) { s.node(0).disk.low = false },
	"copies": func(s *script) { s.node(0).copies = s.number("least", 0) },
	"pause":  func(s *script) { s.node(0).paused = true }, "unpause": func(s *script) { s.node(0).paused = false },
	"change": (*script).change, "transfer": (*script).transfer,
	"handover": func(s *script) { s.tell(s.node(0), HandOver{}) },
	"skew":     func(s *script) { s.node(0).skew = int64(s.number("ms", 0)) },
	"pass":     func(s *script) { s.c.wall += int64(s.number("ms", 0)) }, "time": (*script).time,
	"status": (*script).status, "log": (*script).log, "members": (*script).members,
}

// arg is the value of a named argument.
func (s *script) arg(key string) ([]string, bool) {
	for _, a := range s.d.CmdArgs {
		if a.Key == key && len(a.Vals) > 0 {
			return a.Vals, true
		}
	}
	return nil, false
}

func (s *script) number(key string, otherwise int) int {
	if _, ok := s.arg(key); ok {
		s.d.ScanArgs(s.t, key, &otherwise)
	}
	return otherwise
}

func (s *script) node(i int) *node {
	if i >= len(s.d.CmdArgs) {
		s.d.Fatalf(s.t, "which node?")
	}
	return s.named(s.d.CmdArgs[i].Key)
}

func (s *script) named(name string) *node {
	for _, n := range s.c.nodes {
		if fmt.Sprintf("n%d", n.i) == name {
			return n
		}
	}
	s.d.Fatalf(s.t, "no node %s", name)
	return nil
}

func (s *script) each(f func(*node)) {
	for i := range s.d.CmdArgs {
		f(s.node(i))
	}
}

func (s *script) tell(n *node, m any) { n.system.Root.Send(n.handle.PID, m) }

func (s *script) cluster() {
	s.c = newCluster(s.t, 1, s.number("nodes", 3), s.number("voters", 3))
	s.c.every, s.c.keep = uint64(s.number("every", 1000)), uint64(s.number("keep", 5))
	s.c.leases = s.number("leases", 0) > 0
	s.c.startAll()
}

func (s *script) elect() {
	n := s.node(0)
	for range 4 * electionTicks {
		if n.handle.Gauges.Ready.Load() && s.c.leader() == n {
			return
		}
		s.c.tick(1, n)
	}
	s.d.Fatalf(s.t, "it does not lead")
}

func (s *script) tick() {
	var only []*node
	if names, ok := s.arg("only"); ok {
		for _, name := range names {
			only = append(only, s.named(name))
		}
	}
	for range s.number("n", 1) {
		s.c.tick(1, only...)
	}
}

func (s *script) request(k kind) {
	what, args := s.words()
	s.open = append(s.open, &told{what, s.c.send(s.node(0), k, args...)})
}

// words are a node and a command, and how a request of them is called.
func (s *script) words() (what string, args []string) {
	for _, a := range s.d.CmdArgs[1:] {
		args = append(args, a.Key)
	}
	return fmt.Sprintf("n%d %s", s.node(0).i, strings.Join(args, " ")), args
}

func (s *script) unblock(withError bool) {
	what, _ := s.words()
	for _, o := range s.open {
		if o.what == what {
			o.p.unblock(withError)
		}
	}
}

// answers prints the requests that were answered, in the order asked, and the one just asked anyway.
func (s *script) answers() {
	asks := s.d.Cmd == "write" || s.d.Cmd == "read" || s.d.Cmd == "readonly" || s.d.Cmd == "block"
	keep := s.open[:0]
	for i, o := range s.open {
		last := asks && i == len(s.open)-1
		switch {
		case last:
			fmt.Fprintln(&s.out, o.p)
		case o.p.answer != nil:
			fmt.Fprintf(&s.out, "%s: %v\n", o.what, o.p)
		case o.p.lost():
			fmt.Fprintf(&s.out, "%s: connection lost\n", o.what)
		}
		if o.p.answer == nil && !o.p.lost() {
			keep = append(keep, o)
		} else if o.p.answer != nil && o.p.answer.Status == Done && o.p.batch.Write {
			s.floor = max(s.floor, o.p.answer.Index)
		}
	}
	s.open = keep
}

func (s *script) fill() {
	n, count, size := s.node(0), s.number("n", 10), s.number("size", 10)
	for i := 0; i < count; i += 10 {
		var cmds [][]string
		for j := i; j < min(i+10, count); j++ {
			cmds = append(cmds, []string{"set", fmt.Sprint("fill", j), strings.Repeat("x", size)})
		}
		p := s.c.sendBatch(n, kindWrite, nil, cmds...)
		s.open = append(s.open, &told{fmt.Sprint("fill ", i), p})
		s.c.settle()
	}
	done := slices.DeleteFunc(s.open, func(o *told) bool { return o.p.answer != nil && o.p.answer.Status == Done })
	fmt.Fprintf(&s.out, "%d batches are not done\n", len(done))
	s.open = done
}

func (s *script) wait() {
	n := s.node(0)
	what, answered := fmt.Sprintf("n%d wait", n.i), false
	s.tell(n, &WaitQuery{
		Index: s.floor, Need: s.number("need", 0), Timeout: time.Duration(s.number("timeout", 0)) * time.Millisecond,
		Reply: func(followers int, ok bool) {
			answered = true
			fmt.Fprintf(&s.out, "%s: %d followers, %v\n", what, followers, ok)
		},
	})
	s.c.settle()
	if !answered {
		fmt.Fprintln(&s.out, "no answer")
	}
}

func (s *script) cut() {
	if len(s.d.CmdArgs) == 1 {
		s.c.net.isolate(s.node(0))
		return
	}
	s.c.net.cut(s.node(0), s.node(1))
}

func (s *script) change() {
	var ch Change
	add, _ := s.arg("add")
	for _, name := range add {
		ch.Add = append(ch.Add, s.named(name).id)
	}
	replicas := func(key string) (ids []uint64) {
		names, _ := s.arg(key)
		for _, name := range names {
			ids = append(ids, memberOn(s.c.watch.members, s.named(name).id))
		}
		return ids
	}
	ch.Promote, ch.Remove = replicas("promote"), replicas("remove")
	s.tell(s.node(0), &ch)
}

func (s *script) transfer() {
	s.tell(s.node(0), &Transfer{To: memberOn(s.c.watch.members, s.node(1).id)})
}

func (s *script) status() {
	for _, n := range s.c.nodes {
		switch {
		case n.wiped:
			fmt.Fprintf(&s.out, "n%d: wiped\n", n.i)
		case n.life == nil:
			fmt.Fprintf(&s.out, "n%d: down\n", n.i)
		case n.handle == nil:
			fmt.Fprintf(&s.out, "n%d: no replica, tombstone=%d\n", n.i, n.disk.now.tombstone)
		default:
			v := n.handle.Gauges.View()
			leader := "none"
			if v.Leader != 0 {
				leader = fmt.Sprint(v.Leader)
			}
			fmt.Fprintf(&s.out, "n%d: replica=%d role=%v term=%d leader=%s last=%d commit=%d applied=%d snapshot=%d\n",
				n.i, v.Replica, v.Role, v.Term, leader, v.Last, v.Commit, v.Applied, v.Snapshot)
		}
	}
}

// time prints how far clocks are ahead of the true time.
func (s *script) time() {
	shard := int64(0)
	for _, n := range s.c.nodes {
		if n.life != nil {
			now := s.c.clock(n)
			fmt.Fprintf(&s.out, "n%d: wall clock %+d, %v\n", n.i, n.skew, now.Verdict())
			shard = max(shard, n.time)
		}
	}
	fmt.Fprintf(&s.out, "shard %+d\n", shard-s.c.wall)
}

func (s *script) members() {
	m := s.c.watch.members
	fmt.Fprintf(&s.out, "index=%d next=%d voters=%v", m.Index, m.Next, m.Conf.GetVoters())
	if m.Joint() {
		fmt.Fprintf(&s.out, " outgoing=%v", m.Conf.GetVotersOutgoing())
	}
	fmt.Fprintf(&s.out, " learners=%v\n", m.Conf.GetLearners())
}

// memory limits what a node may hold.
func (s *script) memory() {
	n, name := s.node(0), "noeviction"
	if names, ok := s.arg("policy"); ok {
		name = names[0]
	}
	policy, ok := keyspace.ParsePolicy(name)
	if !ok {
		s.d.Fatalf(s.t, "no such policy: %s", name)
	}
	n.limit, n.rules = int64(s.number("limit", 0)), keyspace.Eviction{Policy: policy, Samples: 5}
}

// log prints what the disk of a node holds.
func (s *script) log() {
	l, from := s.node(0).disk.now, uint64(s.number("from", 0))
	for _, e := range l.entries {
		if e.GetIndex() >= from {
			fmt.Fprintf(&s.out, "%d term=%d %s\n", e.GetIndex(), e.GetTerm(), describeEntry(e))
		}
	}
}

func describeEntry(e *raftpb.Entry) string {
	if e.GetType() != raftpb.EntryNormal {
		var cc raftpb.ConfChangeV2
		if err := proto.Unmarshal(e.GetData(), &cc); err != nil {
			return err.Error()
		}
		if len(cc.GetChanges()) == 0 {
			return "leave the joint configuration"
		}
		var parts []string
		for _, ch := range cc.GetChanges() {
			parts = append(parts, fmt.Sprintf("%s %d", strings.TrimPrefix(ch.GetType().String(), "ConfChange"), ch.GetNodeId()))
		}
		return strings.Join(parts, ", ")
	}
	if len(e.GetData()) == 0 {
		return "a new leader"
	}
	_, ops, err := DecodeHeader(e.GetData())
	if err != nil {
		return err.Error()
	}
	if len(ops) == 0 {
		return "the time"
	}
	return describeOps(ops)
}

func describeOps(ops []byte) string {
	var parts []string
	var rd keyspace.OpReader
	var op keyspace.Op
	for rd.Reset(ops); rd.Next(&op); {
		var words []string
		for _, a := range op.Args {
			words = append(words, string(a))
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, "; ")
}
