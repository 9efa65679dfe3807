package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/slotmap"
)

// RedisRaft runs redisraft-server from the path, to be measured beside: redis-server with the module RedisRaft loaded, as
// a script makes it that ends in
//
//	exec redis-server --loadmodule /path/to/redisraft.so "$@"
//
// All nodes are one Raft group: one shard with all slots, whose log is synced, as by default.
type RedisRaft struct{}

// Command names the client's address, which is the peers' too.
func (RedisRaft) Command(n *Node) ([]string, error) {
	exe, err := exec.LookPath("redisraft-server")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(n.Client)
	return []string{exe, "--bind", n.bind, "--bind-source-addr", n.bind, "--protected-mode", "no", "--port", port,
		"--dir", n.DataDir(), "--save", "", "--raft.addr", n.Client, "--raft.log-fsync", "yes"}, nil
}

// Form has the first node make a cluster and the others join it.
func (r RedisRaft) Form(ctx context.Context, c *Cluster) error {
	for i, n := range c.Nodes() {
		if err := n.WaitAnswer(ctx); err != nil {
			return err
		}
		if i == 0 {
			if err := raftCluster(ctx, n, "INIT"); err != nil {
				return err
			}
		} else if err := r.Join(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// Join adds a node to the group of the first one.
func (RedisRaft) Join(ctx context.Context, n *Node) error {
	return raftCluster(ctx, n, "JOIN", n.cluster.Node(0).Client)
}

func raftCluster(ctx context.Context, n *Node, args ...string) error {
	reply, err := client.Ask(ctx, n.Client, askTimeout, append([]string{"RAFT.CLUSTER"}, args...)...)
	if err == nil && reply.Err() != "" {
		err = errors.New(reply.Err())
	}
	if err != nil {
		return fmt.Errorf("RAFT.CLUSTER %s: %w", args[0], err)
	}
	return nil
}

// Voters are all nodes.
func (RedisRaft) Voters(o Options) int { return o.Nodes }

// Serves returns nil if the node follows a leader or is one.
func (RedisRaft) Serves(ctx context.Context, n *Node) error {
	info, err := askInfo(ctx, n.Client, "raft")
	if err == nil && (info["raft_state"] != "up" || info["raft_leader_id"] == "-1") {
		return errors.New("no leader")
	}
	return err
}

// Shards is the one group, by the word of the nodes that answer.
func (RedisRaft) Shards(ctx context.Context, c *Cluster) ([]Shard, error) {
	group := Shard{ID: 1, Leader: -1, Slots: []slotmap.Range{{First: 0, Last: slotmap.Count - 1}}}
	for _, n := range c.Nodes() {
		info, err := askInfo(ctx, n.Client, "raft")
		if err != nil || info["raft_is_voting"] != "yes" {
			continue
		}
		group.Holders = append(group.Holders, n.Index)
		if term, _ := strconv.ParseUint(info["raft_current_term"], 10, 64); info["raft_role"] == "leader" && term >= group.Term {
			group.Leader, group.Term = n.Index, term
		}
	}
	group.Voters, group.InStep = len(group.Holders), len(group.Holders)
	return []Shard{group}, nil
}

// RaftLeader is which of some nodes leads.
func RaftLeader(ctx context.Context, addrs []string) (string, error) {
	err := errors.New("no node leads")
	for _, addr := range addrs {
		info, why := askInfo(ctx, addr, "raft")
		if why == nil && info["raft_role"] == "leader" {
			return addr, nil
		}
		err = errors.Join(err, why)
	}
	return "", err
}

// Show reads the index of the log.
func (RedisRaft) Show(ctx context.Context, n *Node, _ int) string {
	info, err := askInfo(ctx, n.Client, "raft")
	if err != nil {
		return "does not answer"
	}
	return fmt.Sprintf("(%s) last=%s applied=%s", info["raft_role"], info["raft_current_index"], info["raft_last_applied_index"])
}
