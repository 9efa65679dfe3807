package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"

	"github.com/troupedb/troupe/slotmap"
)

// Etcd runs etcd from the path, to be measured beside. Its cluster is one Raft group: one shard with all slots.
type Etcd struct{}

// etcdQuota is how large its store may become: more than a load writes.
const etcdQuota = 8 << 30

// Command names the client's and the peer's address, and all members.
func (Etcd) Command(n *Node) ([]string, error) {
	exe, err := exec.LookPath("etcd")
	if err != nil {
		return nil, err
	}
	var members []string
	for _, other := range n.cluster.Nodes() {
		members = append(members, other.Name+"=http://"+other.Peer)
	}
	return []string{exe, "--name", n.Name, "--data-dir", n.DataDir(),
		"--listen-client-urls", "http://" + n.listen(n.Client), "--advertise-client-urls", "http://" + n.Client,
		"--listen-peer-urls", "http://" + n.listen(n.Peer), "--initial-advertise-peer-urls", "http://" + n.Peer,
		"--initial-cluster", strings.Join(members, ","), "--quota-backend-bytes", fmt.Sprint(int64(etcdQuota))}, nil
}

// Form has nothing to do: the members know each other.
func (Etcd) Form(context.Context, *Cluster) error { return nil }

// Join is not there: etcd is only measured.
func (Etcd) Join(context.Context, *Node) error {
	return errors.New("no member can be added to etcd here")
}

// Voters are all members.
func (Etcd) Voters(o Options) int { return o.Nodes }

// Serves asks for the member's state: it has one when it follows a leader.
func (Etcd) Serves(ctx context.Context, n *Node) error {
	s, err := askEtcd(ctx, n)
	if err == nil && (s.Leader == "" || s.Leader == "0") {
		return errors.New("no leader")
	}
	return err
}

// Shards is the one group, by the word of the members that answer.
func (Etcd) Shards(ctx context.Context, c *Cluster) ([]Shard, error) {
	group := Shard{ID: 1, Leader: -1, Slots: []slotmap.Range{{First: 0, Last: slotmap.Count - 1}}}
	for _, n := range c.Nodes() {
		s, err := askEtcd(ctx, n)
		if err != nil {
			continue
		}
		group.Holders = append(group.Holders, n.Index)
		if s.Leader == s.Header.Member {
			group.Leader = n.Index
		}
	}
	group.Voters, group.InStep = len(group.Holders), len(group.Holders)
	return []Shard{group}, nil
}

// Show reads the index of the log.
func (Etcd) Show(ctx context.Context, n *Node, _ int) string {
	s, err := askEtcd(ctx, n)
	if err != nil {
		return "does not answer"
	}
	return fmt.Sprintf("last=%s applied=%s", s.Index, s.Applied)
}

// etcdStatus is what a member says of itself. Numbers come as text.
type etcdStatus struct {
	Header struct {
		Member string `json:"member_id"`
	}
	Leader  string
	Index   string `json:"raftIndex"`
	Applied string `json:"raftAppliedIndex"`
}

func askEtcd(ctx context.Context, n *Node) (s etcdStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+n.Client+"/v3/maintenance/status", bytes.NewReader([]byte("{}")))
	if err != nil {
		return s, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("etcd answers %s", resp.Status)
	}
	return s, json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 1<<20)).Decode(&s)
}
