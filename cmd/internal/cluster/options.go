package cluster

import "fmt"

// Options says what to start. Zero fields take the defaults.
type Options struct {
	Nodes    int      // processes; default 3
	Shards   int      // Raft groups; default 6
	Replicas int      // voters a shard; default 3
	Dir      string   // where nodes live; default a new temporary directory
	Keep     bool     // leave the directory behind
	Flags    []string // added to the command of each node
	Env      []string // added to the environment of each node
	System   System   // default Troupe{}
	Network  string   // how ways between nodes can be cut: "packets", "relays", "auto"; "" for not at all
	Disks    bool     // nodes have disks that can be made bad

	OnExit func(*Node, string) // a node ended that nobody had told to; called on a goroutine of its own
}

func (o Options) withDefaults() (Options, error) {
	o.Nodes, o.Shards, o.Replicas = or(o.Nodes, 3), or(o.Shards, 6), or(o.Replicas, 3)
	if o.Nodes < 1 || o.Nodes > 32 {
		return o, fmt.Errorf("%d nodes: from 1 to 32 can be run on one machine", o.Nodes)
	}
	if o.System == nil {
		o.System = Troupe{}
	}
	return o, nil
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
