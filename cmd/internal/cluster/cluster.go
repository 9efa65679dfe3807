package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/netcut"
)

// spareNodes is how many nodes can be added to a cluster.
const spareNodes = 8

// Cluster is some nodes on this machine.
type Cluster struct {
	opts  Options
	dir   string
	ports *block
	net   netcut.Network // nil: all nodes are at 127.0.0.1

	mu struct {
		sync.Mutex
		nodes   []*Node // only grows
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
	if c.ports, err = reserve(perNode * (c.opts.Nodes + spareNodes)); err != nil {
		return err
	}
	if c.opts.Network != "" {
		if c.net, err = netcut.New(strings.TrimPrefix(c.opts.Network, "auto"), c.ports.number()); err != nil {
			return err
		}
	}
	for range c.opts.Nodes {
		if _, err := c.newNode(); err != nil {
			return err
		}
	}
	for _, n := range c.Nodes() {
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

// newNode makes a node that does not run yet.
func (c *Cluster) newNode() (*Node, error) {
	i := len(c.Nodes())
	if i >= c.opts.Nodes+spareNodes {
		return nil, fmt.Errorf("no more than %d nodes can be added", spareNodes)
	}
	name := fmt.Sprint("n", i+1)
	n := &Node{Index: i, Name: name, Dir: filepath.Join(c.dir, name), cluster: c}
	if err := c.place(n); err != nil {
		return nil, err
	}
	if err := n.makeDisk(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.nodes = append(c.mu.nodes, n)
	return n, nil
}

// Spare are addresses for a program beside the nodes: those of the last node that could be added.
func (c *Cluster) Spare() (addrs [perNode]string) {
	for i := range addrs {
		addrs[i] = loopback(c.ports.port(perNode*(c.opts.Nodes+spareNodes-1) + i))
	}
	return addrs
}

// place gives a node its addresses.
func (c *Cluster) place(n *Node) (err error) {
	first := c.ports.port(n.Index * perNode)
	n.bind, n.Host = "127.0.0.1", "127.0.0.1"
	if c.net != nil {
		ports := netcut.Ports{Streams: []int{first, first + 1, first + 2}, Datagrams: []int{first + 2}}
		if n.bind, n.Host, err = c.net.Add(n.Index, ports); err != nil {
			return err
		}
	}
	for k, addr := range []*string{&n.Client, &n.Peer, &n.Gossip, &n.HTTP} {
		*addr = address(n.Host, first+k)
	}
	return nil
}

// AddNode starts one more node and lets it join. It does not wait until it has taken its part: see WaitReady.
func (c *Cluster) AddNode(ctx context.Context) (*Node, error) {
	n, err := c.newNode()
	if err != nil {
		return nil, err
	}
	if err := n.Restart(ctx); err != nil {
		return n, err
	}
	return n, c.opts.System.Join(ctx, n)
}

// Replace starts an ended node again with an empty disk: it lost all that it had.
func (c *Cluster) Replace(ctx context.Context, n *Node) error {
	if err := n.Wipe(); err != nil {
		return err
	}
	if err := n.Restart(ctx); err != nil {
		return err
	}
	return c.opts.System.Join(ctx, n)
}

// Cut cuts these ways between nodes and opens all others. It needs Options.Network.
func (c *Cluster) Cut(ways map[netcut.Way]bool) error {
	if c.net == nil {
		return errors.New("the nodes of this cluster have no ways of their own to cut")
	}
	return c.net.Cut(ways)
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
func (c *Cluster) Nodes() []*Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mu.nodes)
}

// Node is the i-th node, from 0.
func (c *Cluster) Node(i int) *Node { return c.Nodes()[i] }

// Dir is where the nodes live.
func (c *Cluster) Dir() string { return c.dir }

// Addrs are the client addresses of all nodes, by index.
func (c *Cluster) Addrs() []string {
	var out []string
	for _, n := range c.Nodes() {
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
	for _, n := range c.Nodes() {
		if n.Alive() {
			err = errors.Join(err, n.Kill9())
		}
	}
	c.mu.Lock()
	closed, keep := c.mu.closed, c.opts.Keep
	c.mu.closed = true
	c.mu.Unlock()
	if closed {
		return err
	}
	err = errors.Join(err, c.release())
	if keep || c.dir == "" {
		return err
	}
	for _, n := range c.Nodes() {
		err = errors.Join(err, os.RemoveAll(n.Dir))
	}
	os.Remove(c.dir) // unless somebody put something there
	return err
}

// release gives back what the machine lent.
func (c *Cluster) release() (err error) {
	for _, n := range c.Nodes() {
		err = errors.Join(err, n.dropDisk())
	}
	if c.net != nil {
		err = errors.Join(err, c.net.Close())
	}
	if c.ports != nil {
		c.ports.release()
	}
	return err
}
