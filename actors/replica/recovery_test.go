package replica

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// saga is a group whose first node has a real disk, and what it lives through: writes, elections, snapshots made
// and received, changes of the membership, power failures.
type saga struct {
	*cluster
	one *node
	rng *rand.Rand

	past    []logState // of the first node's log since its last start
	apart   bool       // the first node is cut off
	crashes int
	changes int
}

func newSaga(t testing.TB, seed uint64) *saga {
	s := &saga{cluster: newCluster(t, seed, 4, 3), rng: rand.New(rand.NewPCG(seed, 6))}
	s.every, s.keep, s.one = 12, 4, s.nodes[0]
	return s
}

func (s *saga) run(rounds int) {
	for range rounds {
		if s.one.life == nil {
			return // its disk has failed
		}
		s.round()
	}
}

func (s *saga) round() {
	switch k := s.rng.IntN(24); {
	case k < 2:
		s.split()
	case k == 2:
		s.elsewhere()
	case k < 5:
		s.member()
	case k == 5 && s.one.life != nil:
		s.crashes++
		s.kill(s.one)
		s.start(s.one)
	default:
		s.write()
	}
	s.tick(1 + s.rng.IntN(3))
}

// split cuts the first node off, or lets it come back: it has missed so much then that it gets a snapshot.
func (s *saga) split() {
	if s.apart = !s.apart; !s.apart {
		s.net.healAll()
		s.tick(4 * heartbeatTicks)
		return
	}
	s.net.isolate(s.one)
	s.lost(s.one)
	s.tick(4 * heartbeatTicks)
	for range 6 {
		s.write()
	}
}

// elsewhere makes another node the leader.
func (s *saga) elsewhere() {
	if lead := s.leader(); lead != nil {
		to := s.nodes[s.rng.IntN(3)]
		if to.handle != nil {
			s.net.healAll()
			s.apart = false
			lead.system.Root.Send(lead.handle.PID, &Transfer{To: to.handle.Gauges.Replica})
		}
	}
	s.tick(heartbeatTicks)
}

// member takes the next step of a change: the node that is no member joins, a learner becomes a voter, and a fourth
// voter leaves, but never the first node.
func (s *saga) member() {
	lead := s.leader()
	if lead == nil {
		return
	}
	s.changes++
	m := s.watch.members
	ch := &Change{}
	for _, n := range s.nodes {
		if !slices.Contains(slices.Collect(nodesOf(m)), n.id) {
			ch.Add = append(ch.Add, n.id)
		}
	}
	switch {
	case len(m.Conf.GetLearners()) > 0:
		ch = &Change{Promote: m.Conf.GetLearners()}
	case len(m.Conf.GetVoters()) > 3:
		for id, node := range m.Nodes {
			if node != s.one.id && node != lead.id && (len(ch.Remove) == 0 || id < ch.Remove[0]) {
				ch.Remove = []uint64{id}
			}
		}
	}
	lead.system.Root.Send(lead.handle.PID, ch)
	s.tick(heartbeatTicks)
}

func nodesOf(m Membership) func(func(slotmap.NodeID) bool) {
	return func(yield func(slotmap.NodeID) bool) {
		for _, node := range m.Nodes {
			if !yield(node) {
				return
			}
		}
	}
}

func (s *saga) write() {
	lead := s.leader()
	if lead == nil {
		return
	}
	for n := 1 + s.rng.IntN(6); n > 0 && lead.handle != nil; n-- { // its disk may fail meanwhile
		key := fmt.Sprint("key", s.rng.IntN(30))
		cmd := [][]string{
			{"set", key, strings.Repeat("v", s.rng.IntN(3000))},
			{"set", key, "w", "px", "200"},
			{"rpush", "list" + key, "a", "b"},
			{"hset", "hash" + key, fmt.Sprint("f", s.rng.IntN(9)), "v"},
			{"del", key},
		}[s.rng.IntN(5)]
		s.send(lead, kindWrite, cmd...)
		s.settle()
	}
}

// end lets everything come to rest, so that every entry that anyone knows to be committed has been applied.
func (s *saga) end() {
	s.net.healAll()
	s.tick(4 * heartbeatTicks)
}

// revived is what a new process makes of a disk.
type revived struct {
	log   logState
	state map[uint64]uint64 // hash of the state machine by index
}

// revive runs the replica of a disk as a new process does, and alone: it restores its snapshot and applies what its
// log says is committed.
func (s *saga) revive(fs vfs.FS) (r revived, err error) {
	type end struct {
		revived
		err error
	}
	ends := make(chan end, 2)
	go func() {
		r, err := s.revival(fs, func(err error) {
			ends <- end{err: err}
			select {} // the process would be over
		})
		ends <- end{r, err}
	}()
	e := <-ends
	return e.revived, e.err
}

func (s *saga) revival(fs vfs.FS, fatal func(error)) (r revived, err error) {
	log, err := raftlog.Open(raftlog.Config{Dir: realLog, FS: fs, Fatal: fatal})
	if err != nil {
		return r, err
	}
	var stopped error
	defer func() { err = errors.Join(err, stopped, log.Close()) }()
	if r.log, err = readLog(log); err != nil || r.log.replica == 0 {
		return r, err
	}
	if name, ok := log.Meta("name"); !ok || string(name) != realName {
		return r, fmt.Errorf("the node's value is %q", name)
	}
	st, err := log.Load(testShard)
	if err != nil {
		return r, err
	}
	r.state = map[uint64]uint64{}
	s.runAlone(Config{
		Self: s.one.id, Shard: testShard, Replica: st.Replica, State: st, Log: log, SnapshotDir: realSnapshots, FS: fs,
		Fatal: func(err error) { stopped = errors.Join(stopped, err) }, Observe: func(a *Applied) { r.state[a.Index] = a.State.Hash() },
	}, log)
	if stopped != nil {
		return r, nil
	}
	return r, checkFile(fs, r.log.snap)
}

// runAlone runs a replica until nothing is left to do. Whatever it sends gets lost, and no time passes.
func (s *saga) runAlone(cfg Config, log *raftlog.Log) {
	sched := mailbox.NewSeeded(1)
	l := mailbox.NewLife(sched)
	cfg.System = actor.NewActorSystem(actor.WithLoggerFactory(quietActors))
	guard := mailbox.StopNode(func(reason any) { cfg.Fatal(fmt.Errorf("%v", reason)) })
	pid, err := cfg.System.Root.SpawnNamed(actor.PropsFromProducer(log.Producer(), actor.WithMailbox(mailbox.New()),
		actor.WithDispatcher(l), actor.WithGuardian(guard)), "raftlog")
	if err != nil {
		cfg.Fatal(err)
		return
	}
	nobody := cfg.System.NewLocalPID("nobody")
	cfg.LogPID, cfg.NodePID, cfg.Dispatcher = pid, nobody, l
	cfg.Peer = func(slotmap.NodeID) *actor.PID { return nobody }
	cfg.Bulk = func(slotmap.NodeID) *actor.PID { return nil }
	cfg.Clock = func() clock.Now { return clock.Now{} }
	cfg.LowSpace, cfg.PeerLow = func() bool { return false }, func(slotmap.NodeID) bool { return false }
	cfg.Rand, cfg.Logger = rand.New(rand.NewPCG(1, 2)), silent
	cfg.SnapshotEntries = 1 << 40
	Spawn(cfg, "shard/1", guard)
	for sched.Step() {
	}
	l.End()
}

// checkFile compares the file that the log names with what the log says of it.
func checkFile(fs vfs.FS, ref raftlog.SnapshotRef) error {
	meta, err := decodeSnapMeta(ref.Meta, ref.ConfState)
	if err != nil {
		return err
	}
	data, err := readFile(fs, fs.PathJoin(realSnapshots, ref.File))
	if err == nil && (int64(len(data)) != meta.Size || xxhash.Sum64(data) != meta.Sum) {
		err = fmt.Errorf("%s: %d bytes of sum %x, instead of %d of %x", ref.File, len(data), xxhash.Sum64(data), meta.Size, meta.Sum)
	}
	return err
}

// check brings a disk to life: what it holds must be one of the states in question, keep what was promised, and
// give the state machine that the group had at each index.
func (s *saga) check(p *crashPoint) error {
	r, err := s.revive(p.fs)
	if err != nil {
		return err
	}
	if _, ok := p.state(r.log); !ok {
		return fmt.Errorf("the log is\n%v\nand was, at least,\n%v", r.log, p.states[0])
	}
	if r.log.replica == 0 {
		return nil
	}
	if err := p.said.kept(&r.log); err != nil {
		return err
	}
	for _, index := range []uint64{r.log.snap.Index, max(r.log.snap.Index, r.log.hard.GetCommit())} {
		if _, ok := r.state[index]; !ok {
			return fmt.Errorf("no state at %d; the log is\n%v", index, r.log)
		}
	}
	for index, hash := range r.state {
		if seen := s.watch.at[index]; seen == nil || seen.state != hash {
			return fmt.Errorf("another state at index %d than the group had", index)
		}
	}
	return nil
}

// kept tells whether a log keeps what the node has said.
func (p promise) kept(l *logState) error {
	term, last := l.hard.GetTerm(), l.load().Last
	switch {
	case term < p.term:
		return fmt.Errorf("term %d, and it has spoken in term %d", term, p.term)
	case term == p.term && p.vote != 0 && l.hard.GetVote() != p.vote:
		return fmt.Errorf("vote for %d in term %d, and it has told %d of it", l.hard.GetVote(), term, p.vote)
	case term == p.ackTerm && last < p.ack:
		return fmt.Errorf("log ends at %d, and was acknowledged through %d", last, p.ack)
	}
	return nil
}
