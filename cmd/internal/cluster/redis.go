package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/slotmap"
)

// RedisCluster runs redis-server from the path: half of the nodes as primaries, half as their replicas.
// A shard is a range of slots that a primary got at the beginning, whoever has it later. It is here to be
// measured by: a harness that finds nothing in it would find nothing anywhere.
type RedisCluster struct {
	Program     string        // default redis-server; valkey-server takes the same flags
	NodeTimeout time.Duration // how long a node is silent until it counts as failed; default 2 s
	Fsync       string        // appendfsync; default everysec, as shipped
}

// Command names the client's and the bus port.
func (r RedisCluster) Command(n *Node) ([]string, error) {
	exe, err := exec.LookPath(cmp.Or(r.Program, "redis-server"))
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(n.Client)
	_, bus, _ := net.SplitHostPort(n.Peer)
	timeout := cmp.Or(r.NodeTimeout, 2*time.Second).Milliseconds()
	return []string{exe, "--bind", n.bind, "--bind-source-addr", n.bind, "--cluster-announce-ip", n.Host,
		"--protected-mode", "no", "--port", port, "--cluster-port", bus, "--dir", n.DataDir(),
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
		"--cluster-node-timeout", strconv.FormatInt(timeout, 10), "--save", "",
		"--appendonly", "yes", "--appendfsync", cmp.Or(r.Fsync, "everysec"),
		"--repl-diskless-sync-delay", "0"}, nil
}

// Form runs redis-cli --cluster create.
func (RedisCluster) Form(ctx context.Context, c *Cluster) error {
	args := []string{"--cluster", "create"}
	for _, n := range c.Nodes() {
		if err := n.WaitAnswer(ctx); err != nil {
			return err
		}
		args = append(args, n.Client)
	}
	args = append(args, "--cluster-replicas", "1", "--cluster-yes")
	out, err := exec.CommandContext(ctx, "redis-cli", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("redis-cli --cluster create: %w\n%s", err, out)
	}
	return nil
}

// Join makes a node a replica of the primary that has the fewest.
func (RedisCluster) Join(ctx context.Context, n *Node) error {
	out, err := exec.CommandContext(ctx, "redis-cli", "--cluster", "add-node", n.Client, n.cluster.Node(0).Client,
		"--cluster-slave").CombinedOutput()
	if err != nil {
		return fmt.Errorf("redis-cli --cluster add-node: %w\n%s", err, out)
	}
	return nil
}

// Voters is the primary and its replica.
func (RedisCluster) Voters(Options) int { return 2 }

// Serves reads cluster_state.
func (RedisCluster) Serves(ctx context.Context, n *Node) error { return clusterState(ctx, n.Client) }

// Shards asks each node that lives what it is.
func (RedisCluster) Shards(ctx context.Context, c *Cluster) ([]Shard, error) {
	found := map[uint16]Shard{}    // by first slot
	replicas := map[string][]int{} // by primary
	ids := map[uint16]string{}
	for _, n := range c.Nodes() {
		if !n.Answers() {
			continue
		}
		me, err := askSelf(ctx, n)
		if err != nil {
			continue
		}
		if me.primary == "" {
			for _, r := range me.slots {
				if old, seen := found[r.First]; !seen || me.epoch > old.Term {
					found[r.First] = Shard{Slots: []slotmap.Range{r}, Leader: n.Index, Term: me.epoch}
					ids[r.First] = me.id
				}
			}
		} else if me.linked {
			replicas[me.primary] = append(replicas[me.primary], n.Index)
		}
	}
	return numbered(found, ids, replicas, c.opts.Nodes/2), nil
}

// Show reads the place in the stream of writes.
func (RedisCluster) Show(ctx context.Context, n *Node, _ int) string {
	info, err := askInfo(ctx, n.Client, "replication")
	if err != nil {
		return "does not answer"
	}
	return fmt.Sprintf("(%s) offset=%s", info["role"], info["master_repl_offset"])
}

// numbered gives each shard the number of the primary that redis-cli gave its slots to, and counts its copies.
func numbered(found map[uint16]Shard, ids map[uint16]string, replicas map[string][]int, primaries int) []Shard {
	byNumber := map[int]Shard{}
	for first, s := range found {
		s.ID = 1 + (int(first)*primaries+slotmap.Count/2)/slotmap.Count
		s.Holders = append([]int{s.Leader}, replicas[ids[first]]...)
		s.Voters, s.InStep = len(s.Holders), len(s.Holders)
		byNumber[s.ID] = s
	}
	return byID(byNumber)
}

// self is what a node says of itself.
type self struct {
	id, primary string // primary is that of a replica, else empty
	epoch       uint64
	slots       []slotmap.Range
	linked      bool // a replica that is in step with its primary
}

func askSelf(ctx context.Context, n *Node) (self, error) {
	nodes, err := client.Ask(ctx, n.Client, askTimeout, "CLUSTER", "NODES")
	if err != nil {
		return self{}, err
	}
	me, err := parseMyself(nodes.Text)
	if err != nil || me.primary == "" {
		return me, err
	}
	info, err := askInfo(ctx, n.Client, "replication")
	me.linked = info["master_link_status"] == "up"
	return me, err
}

// askInfo asks for a section of INFO.
func askInfo(ctx context.Context, addr, section string) (map[string]string, error) {
	reply, err := client.Ask(ctx, addr, askTimeout, "INFO", section)
	fields := map[string]string{}
	for line := range strings.Lines(reply.Text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields, err
}

// parseMyself reads the line of CLUSTER NODES that is flagged myself:
// id addr flags primary ping pong epoch link slot…
func parseMyself(text string) (self, error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 || !strings.Contains(f[2], "myself") {
			continue
		}
		me := self{id: f[0]}
		if f[3] != "-" {
			me.primary = f[3]
		}
		var err error
		if me.epoch, err = strconv.ParseUint(f[6], 10, 64); err != nil {
			return me, err
		}
		me.slots, err = ranges(strings.Join(f[8:], " "))
		return me, err
	}
	return self{}, fmt.Errorf("CLUSTER NODES has no line myself")
}
