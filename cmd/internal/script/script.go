package script

import "time"

// Script is what to do to a cluster.
type Script struct {
	Name  string
	About string // what it is about, in lines
	Settings
	Steps []Step
}

// Settings are what the script asks of its surroundings. Zero fields ask for nothing.
type Settings struct {
	Nodes, Shards, Clients int
	Length                 time.Duration // of the load
	Target                 string
	Wait                   int // copies that each write waits for after it was answered
}

// Step is an action, and when it takes place.
type Step struct {
	Line    int           // in the text, from 1
	At      time.Duration // the first time
	Every   time.Duration // and then again; 0 is once
	Until   time.Duration // but not later; 0 is the end of the load
	Healthy bool          // not before the loss of any one node could be borne
	Action
	For Span // undone after that; zero is not at all
}

// Span is a time between two bounds.
type Span struct{ Min, Max time.Duration }

// Action is one thing to do.
type Action struct {
	Verb   Verb
	Groups [][]Node      // to whom; a cut has several groups, what concerns no node has none
	By     time.Duration // how much slower a disk is, or how often a cut flaps
	To     int64         // bytes that a filled disk has left
	Shard  int           // to show
	Name   string        // to call a node by
}

// Verb is what an action does.
type Verb string

// The verbs, as they are written.
const (
	Kill    Verb = "kill"    // kill -9
	Start   Verb = "start"   // what was killed or stopped
	Restart Verb = "restart" // all at once: kill -9, and start
	Stop    Verb = "stop"    // SIGTERM
	Pause   Verb = "pause"   // SIGSTOP
	Resume  Verb = "resume"  // SIGCONT

	Cut     Verb = "cut"
	OneWay  Verb = "cut one way"
	Isolate Verb = "isolate"
	Flap    Verb = "flap"
	Heal    Verb = "heal"

	SlowDisk  Verb = "slow"  // its syncs take longer
	FillDisk  Verb = "fill"  // until it is nearly full
	BreakDisk Verb = "break" // its syncs fail
	FreeDisk  Verb = "free"  // make room again
	MendDisk  Verb = "mend"  // neither slow nor broken any more
	WipeDisk  Verb = "wipe"  // all data is lost, and the node starts again

	AddNode Verb = "add"
	Call    Verb = "call"
	Show    Verb = "show"
)

// onDisk is whether a verb is followed by "disk of".
func (v Verb) onDisk() bool {
	switch v {
	case SlowDisk, FillDisk, BreakDisk, FreeDisk, MendDisk, WipeDisk:
		return true
	}
	return false
}

// onNodes is whether a verb is followed by nodes.
func (v Verb) onNodes() bool {
	switch v {
	case Kill, Start, Restart, Stop, Pause, Resume, Isolate:
		return true
	}
	return v.onDisk()
}

// Undone is whether an action may be followed by "for".
func (v Verb) Undone() bool {
	switch v {
	case Kill, Restart, Stop, Pause, Cut, OneWay, Isolate, Flap, SlowDisk, FillDisk, BreakDisk, WipeDisk:
		return true
	}
	return false
}

// Node says which node an action is about, or which nodes.
type Node struct {
	Kind  Kind
	N     int // of Numbered, from 1; of Follower, in the order of their numbers, from 1
	Shard int
	Name  string
}

// Kind is a way to say which node.
type Kind uint8

// The kinds of Node.
const (
	Numbered       Kind = iota // n2
	Named                      // by an earlier Call
	Leader                     // of a shard
	Follower                   // of a shard
	All                        // of them
	Rest                       // that the action does not name otherwise
	RandomNode                 // any
	RandomLeader               // of any shard
	RandomFollower             // of any shard
	Minority                   // at random, as many as can be spared
)

// Needs tells what a script needs of its cluster besides processes.
func (s *Script) Needs() (network, disks bool) {
	for _, step := range s.Steps {
		switch step.Verb {
		case Cut, OneWay, Isolate, Flap:
			network = true
		case SlowDisk, FillDisk, BreakDisk:
			disks = true
		}
	}
	return network, disks
}
