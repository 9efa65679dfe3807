package script

import (
	"slices"
	"strconv"
	"strings"
)

// reserved are the words that may follow a node or begin one; a name may be none of them.
var reserved = strings.Fields("a an the leader follower random node minority all rest of shard for by to every from until when | >")

// isName reports whether text can name a node: letters only, so that it is neither n2 nor a time.
func isName(text string) bool {
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return text != "" && !slices.Contains(reserved, text)
}

// nodes reads one node or more.
func (p *parser) nodes() (all []Node, err error) {
	for {
		n, err := p.node()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
		if !p.beginsNode() {
			return all, nil
		}
	}
}

// beginsNode reports whether the next word can begin a node.
func (p *parser) beginsNode() bool {
	switch w := p.peek(); w {
	case "a", "an", "the", "leader", "follower", "random", "all", "rest":
		return true
	default:
		_, numbered := nodeNumber(w)
		return numbered || slices.Contains(p.names, w)
	}
}

func nodeNumber(text string) (int, bool) {
	digits, ok := strings.CutPrefix(text, "n")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 1 && n <= 64 && digits == strconv.Itoa(n)
}

// node reads one node, with or without an article.
func (p *parser) node() (Node, error) {
	if w := p.peek(); w == "a" || w == "an" || w == "the" {
		p.next()
	}
	w := p.peek()
	if n, ok := nodeNumber(w); ok {
		p.next()
		return Node{Kind: Numbered, N: n}, nil
	}
	switch {
	case slices.Contains(p.names, w):
		p.next()
		return Node{Kind: Named, Name: w}, nil
	case p.accept("leader"):
		shard, err := p.ofShard()
		return Node{Kind: Leader, Shard: shard}, err
	case p.accept("follower"):
		return p.follower()
	case p.accept("all"):
		return Node{Kind: All}, nil
	case p.accept("rest"):
		return Node{Kind: Rest}, nil
	case p.accept("random"):
		return p.random()
	}
	return Node{}, p.expected("a node: n2, leader of shard 3, follower 1 of shard 3, random node, random leader, " +
		"random follower, random minority, all, rest, or a name that was given by call")
}

func (p *parser) ofShard() (int, error) {
	if err := p.want("of", "shard"); err != nil {
		return 0, err
	}
	return p.number(1, 1024)
}

func (p *parser) follower() (n Node, err error) {
	n = Node{Kind: Follower, N: 1}
	if p.peek() != "of" {
		if n.N, err = p.number(1, 8); err != nil {
			return n, err
		}
	}
	n.Shard, err = p.ofShard()
	return n, err
}

func (p *parser) random() (Node, error) {
	kind, ok := map[string]Kind{
		"node": RandomNode, "leader": RandomLeader, "follower": RandomFollower, "minority": Minority,
	}[p.peek()]
	if !ok {
		return Node{}, p.expected("node, leader, follower or minority")
	}
	p.next()
	return Node{Kind: kind}, nil
}
