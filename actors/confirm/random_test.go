package confirm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// world lets nodes with replicas of some shards ask each other while terms rise, replicas come and go, and links lose
// messages, break and hold back. It knows what is true, and so which verdicts may be given.
type world struct {
	*stage
	rng    *rand.Rand
	calm   bool // nothing changes, nothing is lost
	now    int  // counts what happens
	nodes  []slotmap.NodeID
	groups []*group
	seed   uint64 // of the newest life

	questions map[sentAs]*wire.Confirm
	lives     map[*mailbox.Life]*past

	confirmed, denied, joined, late int // how often
}

// group is a shard. Several nodes may take themselves for its leader.
type group struct {
	shard  slotmap.ShardID
	others map[slotmap.NodeID][]Voter // as each leader has them
	terms  map[slotmap.NodeID]uint64  // that each leads in, as it thinks
	rounds map[slotmap.NodeID]uint64
}

// sentAs tells messages of all lives apart.
type sentAs struct {
	asker *mailbox.Life
	from  slotmap.NodeID
	to    slotmap.NodeID
	id    uint64
}

// past is what one life of a node has asked and heard.
type past struct {
	asked map[slotmap.ShardID][]*posed
	heard map[said]int // when it was said last
}

type posed struct {
	*Ask
	at     int
	judged bool
}

// said is that a node had a replica in a term.
type said struct {
	asker *mailbox.Life
	node  slotmap.NodeID
	lead  wire.Lead
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		stage: newStage(t, seed), rng: rand.New(rand.NewPCG(seed, 2)), calm: seed%4 == 0,
		questions: map[sentAs]*wire.Confirm{}, lives: map[*mailbox.Life]*past{},
	}
	w.stage.world = w
	for i := range byte(5) {
		w.nodes = append(w.nodes, slotmap.NodeID{1 + i})
		w.begin(w.nodes[i])
	}
	for i := range slotmap.ShardID(4) {
		g := &group{
			shard: 1 + i, others: map[slotmap.NodeID][]Voter{},
			terms: map[slotmap.NodeID]uint64{}, rounds: map[slotmap.NodeID]uint64{},
		}
		w.groups = append(w.groups, g)
		for _, id := range w.nodes {
			w.stage.nodes[id].replicas[g.shard] = standing{replicaOn(id), 1}
			g.terms[id] = 1
		}
		for _, id := range w.nodes {
			w.regroup(g, id, 2+2*w.rng.IntN(2))
		}
	}
	return w
}

func (w *world) begin(id slotmap.NodeID) {
	w.seed += 1 << 32
	n := w.start(id, w.seed)
	w.lives[n.life] = &past{asked: map[slotmap.ShardID][]*posed{}, heard: map[said]int{}}
}

// regroup gives a leader some other voters, by the ids that their replicas have now.
func (w *world) regroup(g *group, leader slotmap.NodeID, count int) {
	g.others[leader] = nil
	for _, i := range w.rng.Perm(len(w.nodes)) {
		if id := w.nodes[i]; id != leader && len(g.others[leader]) < count {
			g.others[leader] = append(g.others[leader], Voter{id, w.stage.nodes[id].replicas[g.shard].replica})
		}
	}
}

// sent sees what leaves a node. Of an answer it gives what is true in it, which must be what it says.
func (w *world) sent(n *node, to slotmap.NodeID, m wire.Message) (yes []said) {
	switch m := m.(type) {
	case *wire.Confirm:
		if len(m.Leads) > 0 {
			w.questions[sentAs{n.life, n.id, to, m.ID}] = m
		}
	case *wire.Confirmed:
		for asker := range w.lives {
			q := w.questions[sentAs{asker, to, n.id, m.ID}]
			if q == nil {
				continue
			}
			not := []uint32{}
			for i, l := range q.Leads {
				if n.replicas[l.Shard] == (standing{l.Replica, l.Term}) {
					yes = append(yes, said{asker, n.id, l})
				} else {
					not = append(not, uint32(i))
				}
			}
			if !slices.Equal(not, m.Not) {
				w.t.Errorf("at %d node %d says no to %v, and should to %v", w.now, n.id[0], m.Not, not)
			}
		}
	}
	return yes
}

// judge checks a verdict.
func (w *world) judge(n *node, shard slotmap.ShardID, v *Verdict) {
	past := w.lives[n.life]
	i := slices.IndexFunc(past.asked[shard], func(p *posed) bool { return p.Term == v.Term && p.Round == v.Round })
	if i < 0 {
		w.t.Errorf("at %d node %d is given a verdict on %d that it did not ask for: %+v", w.now, n.id[0], shard, v)
		return
	}
	ask := past.asked[shard][i]
	if ask.judged {
		w.t.Errorf("at %d node %d is given a second verdict on %d: %+v", w.now, n.id[0], shard, v)
	}
	ask.judged = true
	if !v.Confirmed {
		w.denied++
		return
	}
	w.confirmed++
	voters := 0
	for _, o := range ask.Others {
		if at, ok := past.heard[said{n.life, o.Node, wire.Lead{Shard: shard, Replica: o.Replica, Term: v.Term}}]; ok && at > ask.at {
			voters++
		}
	}
	if voters < ask.Need {
		w.t.Errorf("at %d node %d is told that it leads %d in %d: %d voters have said so, of %d, after round %d was asked at %d",
			w.now, n.id[0], shard, v.Term, voters, ask.Need, v.Round, ask.at)
	}
}

// step does one thing.
func (w *world) step() {
	w.now++
	id := w.nodes[w.rng.IntN(len(w.nodes))]
	n := w.stage.nodes[id]
	g := w.groups[w.rng.IntN(len(w.groups))]
	switch dice := w.rng.IntN(100); {
	case dice < 35:
		for range 1 + w.rng.IntN(4) {
			w.sched.Step()
		}
	case dice < 55:
		w.deliver(w.wire(), true)
	case dice < 75:
		w.ask(n, g)
	case w.calm && dice < 99: // nobody is so late as to be given up
	case dice < 90:
		n.send(Tick{})
	case w.calm:
		n.send(Tick{})
	case dice < 92:
		w.deliver(w.wire(), false)
	case dice < 93: // the replica learns of a later term
		if r := n.replicas[g.shard]; r.replica != 0 {
			n.replicas[g.shard] = standing{r.replica, r.term + 1}
		}
	case dice < 96: // one of them wins an election: all learn of it, but for some
		g.terms[id]++
		for _, o := range w.nodes {
			g.terms[id] = max(g.terms[id], w.stage.nodes[o].replicas[g.shard].term)
		}
		for _, o := range w.nodes {
			if r := w.stage.nodes[o].replicas[g.shard]; r.replica != 0 && w.rng.IntN(10) > 0 {
				w.stage.nodes[o].replicas[g.shard] = standing{r.replica, g.terms[id]}
			}
		}
	case dice < 97: // a replica goes, or another comes
		r := n.replicas[g.shard]
		if n.replicas[g.shard] = (standing{}); r.replica == 0 {
			n.replicas[g.shard] = standing{replicaOn(id) + uint64(w.now)*1000, g.terms[id]}
		}
	case dice < 98:
		w.regroup(g, id, 1+w.rng.IntN(4))
	case dice < 99:
		w.part(id, w.nodes[w.rng.IntN(len(w.nodes))])
	case w.rng.IntN(5) == 0:
		w.begin(id)
	}
}

func (w *world) ask(n *node, g *group) {
	for _, term := range g.terms {
		if term > g.terms[n.id] && w.rng.IntN(4) > 0 {
			return // most that are deposed know
		}
	}
	others := g.others[n.id]
	g.rounds[n.id]++
	ask := &Ask{
		Shard: g.shard, Term: g.terms[n.id], Round: g.rounds[n.id], Others: others, Need: (len(others) + 1) / 2,
		Reply: n.leader(g.shard),
	}
	past := w.lives[n.life]
	past.asked[g.shard] = append(past.asked[g.shard], &posed{Ask: ask, at: w.now})
	n.send(ask)
}

// wire is one that holds something.
func (w *world) wire() direction {
	var all []direction
	for _, from := range w.nodes {
		for _, to := range w.nodes {
			if way := (direction{from, to}); len(w.wires[way]) > 0 {
				all = append(all, way)
			}
		}
	}
	if len(all) == 0 {
		return direction{}
	}
	return all[w.rng.IntN(len(all))]
}

// deliver takes the oldest packet off a wire, and has it arrive, or not.
func (w *world) deliver(way direction, arrives bool) {
	if len(w.wires[way]) == 0 {
		return
	}
	p := w.wires[way][0]
	w.wires[way] = w.wires[way][1:]
	if !arrives {
		return
	}
	to := w.stage.nodes[way.to]
	m := w.decode(p.frame)
	if a, ok := m.(*wire.Confirmed); ok {
		if peer := to.confirmer.peers[way.from]; peer != nil {
			if i := slices.IndexFunc(peer.under, func(m message) bool { return m.id == a.ID }); i >= 0 && peer.under[i].late {
				w.late++
			}
		}
	}
	for _, y := range p.yes {
		if y.asker == to.life {
			w.lives[to.life].heard[y] = p.at
		}
	}
	to.send(&link.Inbound{From: way.from, Message: m})
}

// part breaks the link between two nodes. Down is evidence: what is on its way may arrive all the same, and not both
// need notice.
func (w *world) part(x, y slotmap.NodeID) {
	for _, way := range []direction{{x, y}, {y, x}} {
		w.wires[way] = w.wires[way][:w.rng.IntN(len(w.wires[way])+1)]
		if w.rng.IntN(4) > 0 {
			w.stage.nodes[way.from].send(&link.Down{Node: way.to})
		}
	}
}

// look checks what holds between any two turns.
func (w *world) look() {
	w.t.Helper()
	for _, id := range w.nodes {
		cf := w.stage.nodes[id].confirmer
		open, sent := map[*question]int{}, map[*question]bool{}
		for _, p := range cf.peers {
			if len(p.under) > maxUnderWay {
				w.t.Errorf("at %d %d messages to one node are under way", w.now, len(p.under))
			}
			for i, m := range p.under {
				if i < len(p.under)-1 && !m.late {
					w.t.Errorf("at %d a message is under way though one before it was not late", w.now)
				}
				for _, it := range m.items {
					open[it.question]++
					sent[it.question] = true
				}
			}
			for _, it := range p.next {
				open[it.question]++
			}
		}
		for q, n := range open {
			if q.over {
				continue // it is forgotten where it is found
			}
			if q.open != n {
				w.t.Errorf("at %d %d answers to a question are awaited, and it counts %d", w.now, n, q.open)
			}
			if q.want < 1 || q.want > q.open {
				w.t.Errorf("at %d a question wants %d of %d answers, and has no verdict", w.now, q.want, q.open)
			}
		}
		for shard, q := range cf.fresh {
			if q.Shard != shard || q.over || sent[q] || open[q] == 0 {
				w.t.Errorf("at %d a question counts as unsent: %+v", w.now, q)
			}
		}
		if len(cf.order) != len(cf.peers) {
			w.t.Errorf("at %d %d nodes are known, %d have an order", w.now, len(cf.peers), len(cf.order))
		}
	}
}

// settle lets everything arrive.
func (w *world) settle() {
	for i := 0; ; i++ {
		w.now++
		w.run()
		way := w.wire()
		if way == (direction{}) {
			return
		}
		if w.deliver(way, true); i > 1_000_000 {
			w.t.Fatal("does not settle")
		}
	}
}

// end checks that every Ask has a verdict, or is one with the next.
func (w *world) end() {
	w.settle()
	if w.calm {
		for _, id := range w.nodes {
			w.stage.nodes[id].empty()
		}
		if w.denied > 0 {
			w.t.Errorf("%d times a leader is not confirmed though nothing has changed", w.denied)
		}
	}
	// Who is asked in place of a lost node is lost next.
	for range w.nodes {
		for _, id := range w.nodes {
			for _, o := range w.nodes {
				w.stage.nodes[id].send(&link.Down{Node: o})
			}
			w.run()
		}
	}
	w.look()
	for _, id := range w.nodes {
		n := w.stage.nodes[id]
		n.empty()
		for shard, asked := range w.lives[n.life].asked {
			for i, a := range asked {
				switch {
				case a.judged:
				case i+1 < len(asked) && asked[i+1].Term == a.Term && slices.Equal(asked[i+1].Others, a.Others):
					w.joined++
				default:
					w.t.Errorf("node %d has no verdict on %d, round %d", id[0], shard, a.Round)
				}
			}
		}
	}
}

// Nothing is confirmed that so many voters have not said after it was asked, and every Ask comes to an end.
func TestRandomly(t *testing.T) {
	const seeds = 80
	var ran, confirmed, denied, joined, late int
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ran++
			w := newWorld(t, seed)
			for range 1500 {
				w.step()
				w.look()
				if t.Failed() {
					return
				}
			}
			w.end()
			confirmed, denied, joined, late = confirmed+w.confirmed, denied+w.denied, joined+w.joined, late+w.late
		})
	}
	t.Logf("%d confirmed, %d not, %d joined, %d late answers", confirmed, denied, joined, late)
	if !t.Failed() && ran == seeds && (confirmed < 1000 || denied < 1000 || joined < 1000 || late < 100) {
		t.Error("what it is about hardly happens")
	}
}
