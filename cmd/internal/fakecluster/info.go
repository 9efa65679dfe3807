package fakecluster

import (
	"fmt"
	"net"
	"strings"

	"github.com/troupedb/troupe/slotmap"
)

func (c *Cluster) moved(key string, sh *shard) string {
	slot := slotmap.Slot([]byte(key))
	return fmt.Sprintf("-MOVED %d %s\r\n", slot, c.mu.nodes[sh.leader].addr)
}

func (c *Cluster) clusterCommand(args []string) string {
	switch sub := strings.ToUpper(strings.Join(args[1:], " ")); sub {
	case "SLOTS":
		return c.slots()
	case "INFO":
		return bulk("cluster_state:" + c.state() + "\r\n")
	}
	return "-ERR unknown subcommand\r\n"
}

// state is that of the whole: ok when every shard has a leader.
func (c *Cluster) state() string {
	for _, s := range c.mu.shards {
		if c.maybeElect(s); s.leader < 0 {
			return "fail"
		}
	}
	return "ok"
}

func (c *Cluster) slots() string {
	var b strings.Builder
	n := 0
	for _, s := range c.mu.shards {
		if s.leader < 0 {
			continue
		}
		n++
		host, port, _ := net.SplitHostPort(c.mu.nodes[s.leader].addr)
		fmt.Fprintf(&b, "*3\r\n:%d\r\n:%d\r\n*2\r\n%s:%s\r\n", s.run.First, s.run.Last, bulk(host), port)
	}
	return fmt.Sprintf("*%d\r\n%s", n, b.String())
}

// info is the section # Shards as seen by node i.
func (c *Cluster) info(i int) string {
	text := "# Shards\r\n"
	for _, s := range c.mu.shards {
		c.maybeElect(s)
		role := "follower"
		if s.leader == i {
			role = "leader"
		}
		text += fmt.Sprintf("shard%d:slots=%d-%d,role=%s,term=%d,voters=%d\r\n",
			s.id, s.run.First, s.run.Last, role, s.term, len(c.mu.nodes))
	}
	return text
}
