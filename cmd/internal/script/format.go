package script

import (
	"fmt"
	"strings"
	"time"
)

// String is the script as text, which Parse reads back.
func (s *Script) String() string {
	var b strings.Builder
	for line := range strings.Lines(s.About) {
		fmt.Fprintf(&b, "# %s\n", strings.TrimRight(line, "\n"))
	}
	for _, set := range []struct {
		name  string
		value int
	}{{"nodes", s.Nodes}, {"shards", s.Shards}, {"clients", s.Clients}, {"wait", s.Wait}} {
		if set.value != 0 {
			fmt.Fprintln(&b, set.name, set.value)
		}
	}
	if s.Length != 0 {
		fmt.Fprintln(&b, "length", brief(s.Length))
	}
	if s.Target != "" {
		fmt.Fprintln(&b, "target", s.Target)
	}
	for _, step := range s.Steps {
		fmt.Fprintln(&b, step)
	}
	return b.String()
}

// String is the step as a line.
func (s Step) String() string {
	text := "at " + brief(s.At)
	if s.Every > 0 {
		text = "every " + brief(s.Every) + " from " + brief(s.At)
	}
	if s.Until > 0 {
		text += " until " + brief(s.Until)
	}
	if s.Healthy {
		text += " when healthy"
	}
	text += " " + s.Action.String()
	if s.For != (Span{}) {
		text += " for " + s.For.String()
	}
	return text
}

// String is the action as it is written.
func (a Action) String() string {
	of := func(sep string) string {
		var groups []string
		for _, g := range a.Groups {
			groups = append(groups, words(g))
		}
		return strings.Join(groups, sep)
	}
	switch {
	case a.Verb == OneWay:
		return "cut " + of(" > ")
	case a.Verb == Flap:
		return "flap " + of(" | ") + " every " + brief(a.By)
	case a.Verb == SlowDisk:
		return "slow disk of " + of("") + " by " + brief(a.By)
	case a.Verb == FillDisk:
		return fmt.Sprintf("fill disk of %s to %dB", of(""), a.To)
	case a.Verb.onDisk():
		return string(a.Verb) + " disk of " + of("")
	case a.Verb == AddNode:
		return "add node"
	case a.Verb == Call:
		return "call " + of("") + " " + a.Name
	case a.Verb == Show:
		return fmt.Sprint("show shard ", a.Shard)
	case a.Verb == Heal:
		return "heal"
	}
	return string(a.Verb) + " " + of(" | ")
}

func words(nodes []Node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.String())
	}
	return strings.Join(out, " ")
}

// String is the node as it is written.
func (n Node) String() string {
	switch n.Kind {
	case Numbered:
		return fmt.Sprint("n", n.N)
	case Named:
		return n.Name
	case Leader:
		return fmt.Sprint("leader of shard ", n.Shard)
	case Follower:
		return fmt.Sprintf("follower %d of shard %d", n.N, n.Shard)
	}
	return map[Kind]string{
		All: "all", Rest: "rest", RandomNode: "random node", RandomLeader: "random leader",
		RandomFollower: "random follower", Minority: "random minority",
	}[n.Kind]
}

// String is the span as it is written.
func (s Span) String() string {
	if s.Min == s.Max {
		return brief(s.Min)
	}
	return brief(s.Min) + ".." + brief(s.Max)
}

// brief is a duration in one unit.
func brief(d time.Duration) string {
	switch {
	case d%time.Second == 0:
		return fmt.Sprint(int64(d/time.Second), "s")
	case d%time.Millisecond == 0:
		return fmt.Sprint(int64(d/time.Millisecond), "ms")
	}
	return fmt.Sprint(int64(d), "ns")
}
