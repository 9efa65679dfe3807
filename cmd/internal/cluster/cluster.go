package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Cluster is some nodes on this machine.
type Cluster struct {
	opts  Options
	dir   string
	ports *block
	nodes []*Node

	mu struct {
		sync.Mutex
		crashes []Crash
		closed  bool
	}
}

// Crash is the end of a node that nobody told to end.
type Crash struct {
	Node  *Node
	At    time.Time
	State string // as the system tells it: "exit status 2", "signal: aborted"
}

// Start starts the nodes and lets them form a cluster. It does not wait until that serves: see WaitReady.
// The caller closes the cluster.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: opts}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.makeDir(); err != nil {
		return err
	}
	var err error
	if c.ports, err = reserve(perNode * c.opts.Nodes); err != nil {
		return err
	}
	for i := range c.opts.Nodes {
		if err := c.addNode(i); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := n.Start(); err != nil {
			return err
		}
	}
	return c.opts.System.Form(ctx, c)
}

func (c *Cluster) makeDir() (err error) {
	if c.opts.Dir == "" {
		c.dir, err = os.MkdirTemp("", "troupe-cluster-")
		return err
	}
	if c.dir, err = filepath.Abs(c.opts.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	if held, err := os.ReadDir(c.dir); err != nil || len(held) > 0 {
		return errors.Join(err, fmt.Errorf("%s is not empty", c.dir))
	}
	return nil
}

func (c *Cluster) addNode(i int) error {
	name := fmt.Sprint("n", i+1)
	n := &Node{Index: i, Name: name, Dir: filepath.Join(c.dir, name), cluster: c}
	for k, addr := range []*string{&n.Client, &n.Peer, &n.Gossip, &n.HTTP} {
		*addr = loopback(c.ports.port(i*perNode + k))
	}
	c.nodes = append(c.nodes, n)
	return os.MkdirAll(n.DataDir(), 0o755)
}

// ended notes a crash.
func (c *Cluster) ended(n *Node, state string) {
	c.mu.Lock()
	c.mu.crashes = append(c.mu.crashes, Crash{n, time.Now(), state})
	c.mu.Unlock()
	if c.opts.OnExit != nil {
		c.opts.OnExit(n, state)
	}
}

// Crashes are the nodes that ended without being told to.
func (c *Cluster) Crashes() []Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Crash(nil), c.mu.crashes...)
}

// Nodes are all nodes, by index.
func (c *Cluster) Nodes() []*Node { return c.nodes }

// Node is the i-th node, from 0.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Dir is where the nodes live.
func (c *Cluster) Dir() string { return c.dir }

// Addrs are the client addresses of all nodes, by index.
func (c *Cluster) Addrs() []string {
	var out []string
	for _, n := range c.nodes {
		out = append(out, n.Client)
	}
	return out
}

// Keep leaves the directory behind at Close.
func (c *Cluster) Keep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opts.Keep = true
}

// Close kills all nodes and removes the directory, unless it is to be kept. More than once is harmless.
func (c *Cluster) Close() error {
	var err error
	for _, n := range c.nodes {
		if n.Alive() {
			err = errors.Join(err, n.Kill9())
		}
	}
	if c.ports != nil {
		c.ports.release()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.closed || c.opts.Keep || c.dir == "" {
		return err
	}
	c.mu.closed = true
	for _, n := range c.nodes {
		err = errors.Join(err, os.RemoveAll(n.Dir))
	}
	os.Remove(c.dir) // unless somebody put something there
	return err
}
