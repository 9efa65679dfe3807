package script

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Can is what a cluster allows besides what is done to processes.
type Can struct{ Network, Disks bool }

// dice makes the steps of a random script.
type dice struct {
	*rand.Rand
	nodes int
	added int
}

// draw is a step that may be drawn, as often as its weight says.
type draw struct {
	weight int
	needs  Can
	step   func(*dice) Step
}

// between is a span that begins and ends within bounds, in tenths of a second.
func (d *dice) between(low, high int) Span {
	s := time.Duration(low+d.IntN(high-low+1)) * 100 * time.Millisecond
	return Span{s, s}
}

func on(verb Verb, who Kind) func(*dice) Step { return lasting(verb, 3, 20, []Node{{Kind: who}}) }

// lasting is a step that is undone after some tenths of a second.
func lasting(verb Verb, low, high int, groups ...[]Node) func(*dice) Step {
	return func(d *dice) Step {
		return Step{Action: Action{Verb: verb, Groups: groups}, For: d.between(low, high)}
	}
}

// carefully waits for a healthy cluster first: what follows would else take a majority of the disks.
func carefully(step func(*dice) Step) func(*dice) Step {
	return func(d *dice) Step {
		s := step(d)
		s.Healthy = true
		return s
	}
}

var (
	aLeader    = []Node{{Kind: RandomLeader}}
	aMinority  = []Node{{Kind: Minority}}
	everybody  = []Node{{Kind: All}}
	theRest    = []Node{{Kind: Rest}}
	aNode      = []Node{{Kind: RandomNode}}
	needsCuts  = Can{Network: true}
	needsDisks = Can{Disks: true}
)

var draws = []draw{
	{4, Can{}, on(Kill, RandomLeader)},
	{2, Can{}, on(Kill, RandomFollower)},
	{1, Can{}, lasting(Restart, 1, 5, everybody)},
	{2, Can{}, lasting(Pause, 5, 40, aLeader)},
	{1, Can{}, lasting(Pause, 5, 40, []Node{{Kind: RandomFollower}})},
	{1, Can{}, on(Stop, RandomLeader)},
	{2, needsCuts, lasting(Isolate, 10, 40, aLeader)},
	{2, needsCuts, lasting(Cut, 10, 40, aMinority, theRest)},
	{1, needsCuts, lasting(OneWay, 10, 40, aLeader, theRest)},
	{1, needsCuts, lasting(OneWay, 10, 40, theRest, aLeader)},
	{1, needsCuts, bridge},
	{1, needsCuts, flap},
	{2, needsDisks, slowDisk},
	{1, needsDisks, fillDisk},
	{1, needsDisks, carefully(lasting(BreakDisk, 5, 20, aLeader))},
	{1, Can{}, carefully(lasting(WipeDisk, 1, 10, aNode))},
	{1, Can{}, addNode},
}

// bridge cuts two nodes from each other, which the others both still see.
func bridge(d *dice) Step {
	first := 1 + d.IntN(d.nodes)
	second := 1 + (first+d.IntN(d.nodes-1))%d.nodes
	return lasting(Cut, 10, 40, []Node{{N: first}}, []Node{{N: second}})(d)
}

func flap(d *dice) Step {
	s := lasting(Flap, 10, 40, aLeader, theRest)(d)
	s.By = d.between(1, 5).Min
	return s
}

func slowDisk(d *dice) Step {
	s := lasting(SlowDisk, 10, 40, aLeader)(d)
	s.By = d.between(1, 10).Min
	return s
}

func fillDisk(d *dice) Step {
	s := lasting(FillDisk, 10, 40, aLeader)(d)
	s.To = defaultRoom
	return s
}

func addNode(d *dice) Step {
	if d.added++; d.added > 2 {
		return on(Kill, RandomNode)(d)
	}
	return Step{Action: Action{Verb: AddNode}}
}

// Quiet is how long before its end a random script does nothing more.
const quiet = 2 * time.Second

// Random is a script of random steps, the same for the same arguments. nodes is how many the cluster has, 2 at
// least.
func Random(seed uint64, length time.Duration, nodes int, can Can) *Script {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 0)), nodes: nodes}
	s := &Script{Name: fmt.Sprint("random ", seed), About: fmt.Sprintf("Random steps of seed %d.\n", seed)}
	s.Settings = Settings{Nodes: nodes, Length: length}
	for at := d.between(10, 25).Min; at < max(length-quiet, 3*time.Second); {
		step := d.pick(can).step(d)
		step.At = at
		s.Steps = append(s.Steps, step)
		at += d.between(3, 15).Min
		if d.IntN(3) > 0 { // else what comes next comes while it lasts
			at += step.For.Max
		}
	}
	return s
}

// pick draws from the steps that the cluster allows.
func (d *dice) pick(can Can) draw {
	var allowed []draw
	for _, x := range draws {
		if (can.Network || !x.needs.Network) && (can.Disks || !x.needs.Disks) {
			for range x.weight {
				allowed = append(allowed, x)
			}
		}
	}
	return allowed[d.IntN(len(allowed))]
}
