package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/slotmap"
)

// Troupe runs this very program again as nodes; see MaybeRunNode.
type Troupe struct {
	Program string // a troupe-node to run in its stead
}

// program is the command that runs a node, without flags.
func (t Troupe) program() ([]string, error) {
	if t.Program != "" {
		return []string{t.Program}, nil
	}
	exe, err := os.Executable()
	return []string{exe, nodeArg}, err
}

// Command names all four addresses, and gives every node the same list to join.
func (t Troupe) Command(n *Node) ([]string, error) {
	program, err := t.program()
	if err != nil {
		return nil, err
	}
	var join []string
	for _, other := range n.cluster.Nodes()[:n.cluster.opts.Nodes] {
		join = append(join, other.Gossip)
	}
	o := n.cluster.opts
	return append(program, "--data", n.DataDir(), "--listen", n.listen(n.Client), "--peer", n.listen(n.Peer),
		"--gossip", n.listen(n.Gossip), "--http", n.listen(n.HTTP), "--advertise", n.Host,
		"--join", strings.Join(join, ","), "--name", n.Name,
		"--shards", strconv.Itoa(o.Shards), "--replicas", strconv.Itoa(o.Replicas)), nil
}

// Form has nothing to do: the nodes find each other.
func (Troupe) Form(context.Context, *Cluster) error { return nil }

// Join has nothing to do either.
func (Troupe) Join(context.Context, *Node) error { return nil }

// Voters is --replicas, or 1 while there are fewer nodes than that.
func (Troupe) Voters(o Options) int {
	if o.Nodes < o.Replicas {
		return 1
	}
	return o.Replicas
}

// Serves reads cluster_state.
func (Troupe) Serves(ctx context.Context, n *Node) error { return clusterState(ctx, n.Client) }

// Shards asks each node that lives.
func (Troupe) Shards(ctx context.Context, c *Cluster) ([]Shard, error) {
	var addrs []string
	for _, n := range c.Nodes() {
		addr := ""
		if n.Answers() {
			addr = n.Client
		}
		addrs = append(addrs, addr)
	}
	return TroupeShards(ctx, addrs)
}

// Show reads the line of the shard in INFO.
func (Troupe) Show(ctx context.Context, n *Node, shard int) string {
	reply, err := client.Ask(ctx, n.Client, askTimeout, "INFO", "shards")
	if err != nil {
		return "does not answer"
	}
	for line := range strings.Lines(reply.Text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), fmt.Sprintf("shard%d:", shard)); ok {
			f := fields(rest)
			return fmt.Sprintf("(%s) last=%s commit=%s applied=%s", f["role"], f["last"], f["commit"], f["applied"])
		}
	}
	return "has no replica"
}

// TroupeShards asks each node for the section # Shards of INFO, all at once, and puts the answers together.
// An empty address is a node that is down; Leader is an index into addrs.
func TroupeShards(ctx context.Context, addrs []string) ([]Shard, error) {
	replies, errs := make([]client.Reply, len(addrs)), make([]error, len(addrs))
	var all sync.WaitGroup
	for i, addr := range addrs {
		if addr != "" {
			all.Go(func() { replies[i], errs[i] = client.Ask(ctx, addr, askTimeout, "INFO", "shards") })
		}
	}
	all.Wait()
	got, answered := newReading(), 0
	for i, reply := range replies {
		if addrs[i] == "" || errs[i] != nil {
			continue
		}
		answered++
		if err := got.read(reply.Text, i); err != nil {
			return nil, fmt.Errorf("%s: %w", addrs[i], err)
		}
	}
	if answered == 0 {
		return nil, fmt.Errorf("none of %d nodes answers: %w", len(addrs), errors.Join(errs...))
	}
	return got.shards(), nil
}

// reading is what the nodes asked so far say of the shards, by their ids.
type reading struct {
	found map[int]Shard
	logs  map[int]progress
}

func newReading() reading { return reading{map[int]Shard{}, map[int]progress{}} }

func (r reading) shards() []Shard {
	for id, s := range r.found {
		s.InStep = r.logs[id].inStep()
		r.found[id] = s
	}
	return byID(r.found)
}

// progress is how far the copies of a shard are.
type progress struct {
	commit  uint64 // by the word of the leader
	applied []uint64
}

// inStepEntries is by how many entries a copy may be behind that does no more than wait for its next message: an entry
// is under way at a time, and nodes are asked one after the other.
const inStepEntries = 100

func (p progress) inStep() (n int) {
	for _, a := range p.applied {
		if a+inStepEntries >= p.commit {
			n++
		}
	}
	return n
}

func byID(found map[int]Shard) []Shard {
	var out []Shard
	for _, s := range found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Shard) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// read adds what node i says in lines like shard4:slots=0-99,role=leader,term=3,commit=8,applied=8,voters=3.
// Of two that call themselves leader, the one of the higher term is right.
func (r reading) read(info string, i int) error {
	for line := range strings.Lines(info) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		id, err := strconv.Atoi(strings.TrimPrefix(name, "shard"))
		if !ok || err != nil || !strings.HasPrefix(name, "shard") {
			continue
		}
		f := fields(rest)
		s, seen := r.found[id]
		if !seen {
			s = Shard{ID: id, Leader: -1}
		}
		s.Holders = append(s.Holders, i)
		term, _ := strconv.ParseUint(f["term"], 10, 64)
		applied, _ := strconv.ParseUint(f["applied"], 10, 64)
		log := r.logs[id]
		log.applied = append(log.applied, applied)
		if f["role"] == "leader" && (s.Leader < 0 || term > s.Term) {
			s.Leader, s.Term = i, term
			log.commit, _ = strconv.ParseUint(f["commit"], 10, 64)
			if s.Voters, err = strconv.Atoi(f["voters"]); err != nil {
				return fmt.Errorf("%q: voters: %w", line, err)
			}
			if s.Slots, err = ranges(f["slots"]); err != nil {
				return fmt.Errorf("%q: slots: %w", line, err)
			}
		}
		r.found[id], r.logs[id] = s, log
	}
	return nil
}

// fields reads k=v,k=v. What has no '=' belongs to the value before it, so that values may be lists.
func fields(s string) map[string]string {
	out, last := map[string]string{}, ""
	for part := range strings.SplitSeq(s, ",") {
		k, v, ok := strings.Cut(part, "=")
		if ok {
			out[k], last = v, k
		} else if last != "" {
			out[last] += "," + part
		}
	}
	return out
}

// ranges reads slots as 0-99,200,300-399; also with spaces, '+', ';' or '|' between.
func ranges(s string) ([]slotmap.Range, error) {
	var out []slotmap.Range
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", +;|", r) }) {
		a, b, two := strings.Cut(part, "-")
		if !two {
			b = a
		}
		first, err1 := strconv.ParseUint(a, 10, 16)
		last, err2 := strconv.ParseUint(b, 10, 16)
		if err1 != nil || err2 != nil || first > last || last >= slotmap.Count {
			return nil, fmt.Errorf("range %q", part)
		}
		out = append(out, slotmap.Range{First: uint16(first), Last: uint16(last)})
	}
	return out, nil
}

func clusterState(ctx context.Context, addr string) error {
	reply, err := client.Ask(ctx, addr, askTimeout, "CLUSTER", "INFO")
	if err != nil {
		return err
	}
	for line := range strings.Lines(reply.Text) {
		if state, ok := strings.CutPrefix(strings.TrimSpace(line), "cluster_state:"); ok && state == "ok" {
			return nil
		}
	}
	if text := reply.Err(); text != "" {
		return errors.New(text)
	}
	return errors.New("cluster_state is not ok")
}
