package fakecluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"

	"github.com/troupedb/troupe/slotmap"
)

// electionLength is how many requests find a shard without a leader after its node was killed.
const electionLength = 5

// Cluster is a running fake. All methods are safe for concurrent use.
type Cluster struct {
	bugs Bugs

	mu struct {
		sync.Mutex
		nodes   []*node
		shards  []*shard
		data    map[string]*cell
		queues  map[string][]queued
		streams map[string]*stream
		writes  uint64
		rng     *rand.Rand
		wrong   []string // the keys of what went wrong
	}
	wg sync.WaitGroup
}

// cell is one key: what it holds, what it held before, and the number of the write that made it so.
type cell struct {
	value, before string
	was           bool // the key existed before
	version       uint64
}

type shard struct {
	id      int
	run     slotmap.Run
	leader  int // index into nodes; -1 while there is none
	refused int // requests since the leader was lost
	term    uint64
	log     []string // keys in the order written
}

type node struct {
	addr  string
	ln    net.Listener // nil while killed
	conns map[net.Conn]bool
}

// New starts nodes, and divides the slots among shards.
func New(nodes, shards int, bugs Bugs) (*Cluster, error) {
	c := &Cluster{bugs: bugs}
	c.mu.data, c.mu.queues, c.mu.streams = map[string]*cell{}, map[string][]queued{}, map[string]*stream{}
	c.mu.rng = rand.New(rand.NewPCG(1, 1))
	for i, run := range slotmap.Even(shards) {
		c.mu.shards = append(c.mu.shards, &shard{id: i + 1, run: run, leader: i % nodes, term: 1})
	}
	for i := range nodes {
		c.mu.nodes = append(c.mu.nodes, &node{addr: "127.0.0.1:0", conns: map[net.Conn]bool{}})
		if err := c.Restart(i); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Addrs are the addresses of the nodes.
func (c *Cluster) Addrs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, n := range c.mu.nodes {
		out = append(out, n.addr)
	}
	return out
}

// Restart lets a killed node listen again, where it did before.
func (c *Cluster) Restart(i int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.mu.nodes[i]
	if n.ln != nil {
		return fmt.Errorf("node %d runs", i)
	}
	ln, err := net.Listen("tcp", n.addr)
	if err != nil {
		return err
	}
	n.ln, n.addr = ln, ln.Addr().String()
	c.wg.Add(1)
	go c.serve(i, ln)
	return nil
}

// Kill ends a node: its connections break, and its shards lose their leader.
func (c *Cluster) Kill(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.mu.nodes[i]
	if n.ln == nil {
		return
	}
	n.ln.Close()
	n.ln = nil
	for conn := range n.conns {
		conn.Close()
	}
	for _, s := range c.mu.shards {
		if s.leader == i {
			s.leader, s.refused = -1, 0
			c.forget(s)
		}
	}
}

// forget undoes the newest writes of a shard.
func (c *Cluster) forget(s *shard) {
	for range min(c.bugs.ForgetAtKill, len(s.log)) {
		last := len(s.log) - 1
		c.undo(s.log[last])
		s.log = s.log[:last]
	}
}

func (c *Cluster) undo(key string) {
	cell := c.mu.data[key]
	switch {
	case cell == nil:
		return
	case cell.was:
		cell.value = cell.before
	default:
		delete(c.mu.data, key)
	}
	c.planted(key)
}

// Close ends all nodes and waits for their goroutines.
func (c *Cluster) Close() {
	for i := range c.mu.nodes {
		c.Kill(i)
	}
	c.wg.Wait()
}

func (c *Cluster) serve(i int, ln net.Listener) {
	defer c.wg.Done()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		n := c.mu.nodes[i]
		if n.ln != ln {
			conn.Close()
		} else {
			n.conns[conn] = true
			c.wg.Add(1)
			go c.converse(i, conn)
		}
		c.mu.Unlock()
	}
}

func (c *Cluster) hangUp(i int, conn net.Conn) {
	c.mu.Lock()
	delete(c.mu.nodes[i].conns, conn)
	c.mu.Unlock()
	conn.Close()
	c.wg.Done()
}

// shardOf returns the shard of a key, having elected a leader if one is due.
// REQUIRES: c.mu is held.
func (c *Cluster) shardOf(key string) *shard {
	slot := slotmap.Slot([]byte(key))
	for _, s := range c.mu.shards {
		if slot >= s.run.First && slot <= s.run.Last {
			c.maybeElect(s)
			return s
		}
	}
	panic("fakecluster: the shards do not cover all slots")
}

func (c *Cluster) maybeElect(s *shard) {
	if s.leader >= 0 {
		return
	}
	if s.refused++; s.refused <= electionLength {
		return
	}
	for i, n := range c.mu.nodes {
		if n.ln != nil {
			s.leader = i
			s.term++
			return
		}
	}
}
