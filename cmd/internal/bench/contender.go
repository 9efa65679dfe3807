package bench

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Contender is a system that can be started and loaded.
type Contender struct {
	Name    string
	Options cluster.Options
	Lacks   string // why it cannot be started here; "" if it can
	client  Client // that it needs, since it speaks another protocol; nil: that of the run
	http    httpWay
}

// httpWay is how a contender is asked over HTTP, if it is.
type httpWay uint8

const (
	noHTTP   httpWay = iota
	nodeHTTP         // at the HTTP ports of its nodes
	plainWay         // through a plain server before its nodes, whose CPU counts as theirs
)

// Names of systems that are not in others.
const (
	TroupeName = "troupe" // this module's own
	etcdName   = "etcd"
	raftName   = "redisraft"

	httpName    = "troupe-http"    // Troupe, asked over HTTP
	plainName   = "troupe-plain"   // likewise, through a plain server that is a client of it
	forwardName = "troupe-forward" // Troupe, by clients that ask one node for all
)

// other is a system that is measured beside Troupe: primaries that each have a replica.
type other struct {
	name, program, fsync string
}

var others = []other{
	{"redis-everysec", "redis-server", "everysec"},
	{"redis-always", "redis-server", "always"},
	{"valkey-everysec", "valkey-server", "everysec"},
	{"valkey-always", "valkey-server", "always"},
}

// SystemNames are the names of all systems.
func SystemNames() []string {
	names := []string{TroupeName, httpName, plainName, forwardName}
	for _, o := range others {
		names = append(names, o.name)
	}
	return append(names, etcdName, raftName)
}

// Contenders makes a contender of a system: of Troupe one for each number of shards, with flags for its nodes.
func Contenders(system string, shards []int, flags []string) ([]Contender, error) {
	switch system {
	case TroupeName:
		return Troupes(TroupeName, "", shards, flags), nil
	case httpName:
		return asked(httpName, shards, flags, func(c *Contender) { c.http = nodeHTTP }), nil
	case plainName:
		return asked(plainName, shards, flags, func(c *Contender) { c.http = plainWay }), nil
	case forwardName:
		return asked(forwardName, shards, append(flags[:len(flags):len(flags)], "--route=forward"), func(c *Contender) {
			c.client = &Spread{all: first}
		}), nil
	case etcdName:
		return []Contender{{
			Name: etcdName, Lacks: missing("etcd"), client: &Etcd{}, Options: cluster.Options{System: cluster.Etcd{}},
		}}, nil
	case raftName:
		return []Contender{{
			Name: raftName, Lacks: missing("redisraft-server"), client: &Spread{all: raftLeader},
			Options: cluster.Options{System: cluster.RedisRaft{}},
		}}, nil
	}
	for _, o := range others {
		if o.name == system {
			return []Contender{o.contender()}, nil
		}
	}
	return nil, fmt.Errorf("no system is called %q: there are %s", system, strings.Join(SystemNames(), ", "))
}

// Troupes are three nodes of a troupe-node binary ("" for this program), once for each number of shards.
func Troupes(name, program string, shards []int, flags []string) (all []Contender) {
	for _, n := range shards {
		c := Contender{Name: name, Options: cluster.Options{
			Shards: n, Flags: flags, System: cluster.Troupe{Program: program},
		}}
		if len(shards) > 1 {
			c.Name += "/" + strconv.Itoa(n)
		}
		all = append(all, c)
	}
	return all
}

// asked are contenders of Troupe that are asked in another way.
func asked(name string, shards []int, flags []string, how func(*Contender)) []Contender {
	all := Troupes(name, "", shards, flags)
	for i := range all {
		how(&all[i])
	}
	return all
}

func (o other) contender() Contender {
	return Contender{
		Name: o.name, Lacks: missing(o.program, "redis-cli"),
		Options: cluster.Options{Nodes: 6, System: cluster.RedisCluster{Program: o.program, Fsync: o.fsync}},
	}
}

// first has the first node asked for everything, as a client does that knows nothing of clusters.
func first(_ context.Context, addrs []string) (string, error) { return addrs[0], nil }

// raftLeader is the node of RedisRaft that leads, as soon as one does.
func raftLeader(ctx context.Context, addrs []string) (leader string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = cluster.Until(ctx, 50*time.Millisecond, func() error {
		leader, err = cluster.RaftLeader(ctx, addrs)
		return err
	})
	return leader, err
}

// lacks tells why the contender cannot be given a load; "" if it can.
func (c Contender) lacks(l Load) string {
	if c.http != noHTTP && l.Pipeline > 1 {
		return "a request over HTTP is one command here"
	}
	if l.paced() && !c.takesPace() {
		return "its client gives as much as it takes"
	}
	if e, ok := c.client.(*Etcd); ok && c.Lacks == "" && !e.takes(l.Test) {
		return "there is no " + l.Test.Name
	}
	return c.Lacks
}

// takesPace tells whether what gives loads to the contender can give them at a rate.
func (c Contender) takesPace() bool {
	_, spread := c.client.(*Spread)
	return c.http == noHTTP && (c.client == nil || spread)
}

// missing tells which of some programs is not on the path.
func missing(programs ...string) string {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return p + " is not installed"
		}
	}
	return ""
}
