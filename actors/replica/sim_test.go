package replica

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

var (
	simSeed  = flag.Uint64("troupe.seed", 0, "run the simulation of this seed only (or TROUPE_SEED)")
	simSeeds = flag.Int("troupe.seeds", seedsPerRun, "how many seeds to simulate")
	simFrom  = flag.Uint64("troupe.from", 1, "the first of these seeds")
)

// TestSimulation runs a group through whatever its seed thinks of, and checks all that was promised.
// A failure names its seed; -troupe.seed, or TROUPE_SEED, runs that one again, turn for turn.
func TestSimulation(t *testing.T) {
	seed := *simSeed
	if env := os.Getenv("TROUPE_SEED"); seed == 0 && env != "" {
		seed, _ = strconv.ParseUint(env, 10, 64)
	}
	if seed != 0 {
		s := simulate(t, seed, nil)
		t.Logf("seed %d: %s; trace %016x", seed, s.summary(), s.trace())
		return
	}
	n := *simSeeds
	if testing.Short() {
		n /= 5
	}
	var all tally
	for i := range uint64(n) {
		s := simulate(t, *simFrom+i, nil)
		all.add(s.tally)
		if t.Failed() {
			return
		}
	}
	if all.undecided > 2+n/50 {
		t.Errorf("%d histories of %d runs are undecided", all.undecided, n)
	}
	t.Logf("seeds %d to %d: %v", *simFrom, *simFrom+uint64(n)-1, all)
}

// The same seed gives the same run, to the last packet.
func TestSimulationIsReplayable(t *testing.T) {
	for seed := uint64(1001); seed <= 1008; seed++ {
		a, b := simulate(t, seed, nil).trace(), simulate(t, seed, nil).trace()
		if a != b {
			t.Errorf("seed %d: trace %016x, then %016x", seed, a, b)
		}
	}
}

// sim is one simulated group with its clients and its troubles.
type sim struct {
	*cluster
	seed    uint64
	rng     *rand.Rand // of the troubles and the clients; the cluster has its own
	h       history
	floor   uint64 // index of the newest acknowledged write
	clients []*client
	open    []*pending
	waits   []*waitCall
	trouble trouble
	tally   tally
	answers uint64 // hash of all answers
}

// tally counts what a simulation came across.
type tally struct {
	done, refused, unknown, lost                   int
	elections, kills, snapshots, installs, members int
	undecided                                      int
}

func (a *tally) add(b tally) {
	a.done, a.refused, a.unknown, a.lost = a.done+b.done, a.refused+b.refused, a.unknown+b.unknown, a.lost+b.lost
	a.elections, a.kills, a.members = a.elections+b.elections, a.kills+b.kills, a.members+b.members
	a.undecided += b.undecided
	a.snapshots, a.installs = a.snapshots+b.snapshots, a.installs+b.installs
}

func (a tally) String() string {
	return fmt.Sprintf("batches done %d, refused %d, unknown %d, lost with their node %d; terms led %d, kills %d, snapshots %d, received %d, memberships %d, undecided histories %d",
		a.done, a.refused, a.unknown, a.lost, a.elections, a.kills, a.snapshots, a.installs, a.members, a.undecided)
}

func (s *sim) summary() string { return s.tally.String() }

func (s *sim) trace() uint64 { return s.sched.Trace() ^ s.net.trace*31 ^ s.answers*17 }

// simulate runs one seed. plant, if given, plants a bug, and the caller looks at failed.
func simulate(t *testing.T, seed uint64, plant func(*sim)) *sim {
	rng := rand.New(rand.NewPCG(seed, 7))
	nodes := 3 + rng.IntN(3)
	voters := []int{1, 3, 3, 3, min(nodes, 5)}[rng.IntN(5)]
	s := &sim{cluster: newCluster(t, seed, nodes, voters), seed: seed, rng: rng, h: history{ops: newOps()}}
	s.soft, s.onTime = true, true
	s.every, s.keep, s.keepBytes = uint64(20+rng.IntN(31)), 5, int64(seed%3)*100
	for i := range 3 + rng.IntN(4) {
		s.clients = append(s.clients, &client{s: s, id: i})
	}
	s.trouble = drawTrouble(rng)
	s.raftReads = seed%4 == 0 // it has to where package confirm has no answer
	if plant != nil {
		plant(s)
	}
	s.run(200 + rng.IntN(500))
	s.dismiss()
	if s.failed != "" && plant == nil {
		t.Errorf("seed %d: %s\nrun it again with -troupe.seed=%d", seed, s.failed, seed)
	}
	return s
}

func (s *sim) run(rounds int) {
	s.startAll()
	for range rounds {
		s.round()
		if s.failed != "" {
			return
		}
	}
	s.mend()
	if s.failed == "" {
		s.verdict()
	}
}

// round is a moment: requests, perhaps trouble, some turns and packets, mostly a tick.
func (s *sim) round() {
	for _, c := range s.clients {
		if s.rng.Float64() < 0.3 {
			c.ask()
		}
	}
	s.stir()
	for range s.rng.IntN(60) {
		if !s.step() {
			break
		}
	}
	if s.rng.Float64() < 0.7 {
		s.tickOnce()
	}
}

// mend ends all trouble, and demands that the group gets over it.
func (s *sim) mend() {
	s.repair()
	if !s.within(1500, func() bool { s.drive(true); return s.sound() }) {
		s.fail("no sound group 1500 ticks after the last trouble: %s", s.lines())
		return
	}
	s.lastReads()
}

// repair makes network, disks and nodes whole.
func (s *sim) repair() {
	s.net.healAll()
	s.net.drop, s.net.double = 0, 0
	for _, n := range s.nodes {
		n.disk.low = false
		if n.life == nil && !n.wiped {
			s.start(n)
		}
		if n.life != nil && n.disk.held {
			n.disk.release()
		}
	}
}

// lastReads asks for every key once more, everywhere.
func (s *sim) lastReads() {
	lead := s.leader()
	for _, key := range simKeys {
		s.ask(lead, kindRead, 100, command{name: "get", key: key})
		for _, n := range s.nodes {
			if n.handle != nil && n.handle.Gauges.View().Leader != 0 && s.watch.members.Has(n.handle.Gauges.Replica) {
				s.ask(n, kindFollower, 101, command{name: "get", key: key})
			}
		}
	}
	asked := slices.Clone(s.open)
	s.within(200, func() bool { return len(s.open) == 0 })
	for _, p := range asked {
		if p.answer == nil || p.answer.Status != Done {
			s.fail("n%d answers the last read of %q by %v: %s", p.node.i, p.cmds[0].key, p, s.lines())
			return
		}
	}
}

// within lets time pass until ok.
func (s *sim) within(ticks int, ok func() bool) bool {
	for range ticks {
		if ok() {
			return true
		}
		s.tick(1)
		if s.failed != "" {
			return true // there is worse
		}
	}
	return ok()
}

// sound reports whether the group is as it should be when nothing is wrong: one leader that every
// member follows, everything applied everywhere, every request answered.
func (s *sim) sound() bool {
	lead := s.leader()
	if lead == nil || !lead.handle.Gauges.Ready.Load() || s.trouble.replacing() || len(s.open) > 0 || s.waiting() {
		return false
	}
	want := lead.handle.Gauges.View()
	for id, node := range s.watch.members.Nodes {
		n := s.nodes[node[0]-1]
		if n.wiped {
			continue
		}
		if n.handle == nil || n.handle.Gauges.Replica != id {
			return false
		}
		v := n.handle.Gauges.View()
		if v.Applied >= v.Snapshot+later(s.every, snapshotPlaces) {
			return false // no snapshot is taken any more
		}
		if v.Applied != want.Last || v.Term != want.Term || v.Leader != want.Leader {
			return false
		}
	}
	return !s.watch.members.Joint() && want.Applied == want.Last && s.noneLeft()
}

// noneLeft reports whether every replica that the group has removed is gone. One that has never heard
// what its group is cannot know.
func (s *sim) noneLeft() bool {
	for _, n := range s.nodes {
		if n.handle != nil && n.handle.Gauges.Snapshot.Load() > 0 && !s.watch.members.Has(n.handle.Gauges.Replica) {
			return false
		}
	}
	return true
}

// verdict checks what can be told at the end.
func (s *sim) verdict() {
	if wrong := s.h.check(); wrong != "" {
		s.fail("%s", wrong)
	}
	s.tally.undecided = s.h.undecided
	for _, n := range s.nodes {
		if n.handle == nil {
			continue
		}
		if ops, bytes := n.handle.Budget.InUse(); ops != 0 || bytes != 0 {
			s.fail("n%d: %d operations and %d bytes of the budget are still taken", n.i, ops, bytes)
		}
	}
}

// dismiss ends all nodes.
func (s *sim) dismiss() {
	s.tally.elections = len(s.watch.leaders)
	s.tally.members = int(s.watch.changes)
	for _, n := range s.nodes {
		s.tally.snapshots += n.disk.compacted
		s.tally.installs += n.disk.installed
		if n.life != nil {
			n.life.End()
		}
	}
}

// lines describes every node.
func (s *sim) lines() string {
	out := fmt.Sprintf("open %d, waiting %v, replacing %v, members %v of index %d", len(s.open), s.waiting(), s.trouble.replacing(), s.watch.members.Conf, s.watch.members.Index)
	for _, n := range s.nodes {
		out += fmt.Sprintf("\n  n%d: %s", n.i, status(n))
		if n.handle != nil {
			v := n.handle.Gauges.View()
			out += fmt.Sprintf(" replica=%d,term=%d,leader=%d,snapshot=%d", v.Replica, v.Term, v.Leader, v.Snapshot)
		}
	}
	return out
}
