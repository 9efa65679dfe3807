package script

import (
	"fmt"
	"slices"
	"time"
)

func (p *parser) action() (a Action, err error) {
	a.Verb = Verb(p.peek())
	switch {
	case a.Verb == Cut, a.Verb == Flap:
		return p.cut()
	case a.Verb.onNodes():
		return p.onNodes()
	case p.accept(string(Heal)):
		return a, nil
	case p.accept(string(AddNode)):
		return a, p.want("node")
	case p.accept(string(Show)):
		if err = p.want("shard"); err == nil {
			a.Shard, err = p.number(1, 1024)
		}
		return a, err
	case a.Verb == Call:
		return p.call()
	}
	return a, p.expected("what to do: kill, start, restart, stop, pause, resume, cut, isolate, flap, heal, " +
		"slow, fill, break, free, mend or wipe disk of, add node, call, or show shard")
}

// onNodes reads a verb, "disk of" if it is about disks, nodes, and how much.
func (p *parser) onNodes() (a Action, err error) {
	a.Verb = Verb(p.next().text)
	if a.Verb.onDisk() {
		if err := p.want("disk", "of"); err != nil {
			return a, err
		}
	}
	group, err := p.nodes()
	if err != nil {
		return a, err
	}
	a.Groups = [][]Node{group}
	switch a.Verb {
	case SlowDisk:
		a.By = defaultSlow
		if p.accept("by") {
			a.By, err = p.time()
		}
	case FillDisk:
		a.To = defaultRoom
		if p.accept("to") {
			a.To, err = p.size()
		}
	}
	return a, err
}

// What is meant where a script does not say how much.
const (
	defaultSlow = 300 * time.Millisecond
	defaultRoom = 100 << 20 // below the mark of troupe-node, above nothing
)

// cut reads groups of nodes between "|" or ">".
func (p *parser) cut() (a Action, err error) {
	a.Verb = Verb(p.next().text)
	for {
		group, err := p.nodes()
		if err != nil {
			return a, err
		}
		a.Groups = append(a.Groups, group)
		if a.Verb == Cut && len(a.Groups) == 1 && p.accept(">") {
			a.Verb = OneWay
			continue
		}
		if a.Verb == OneWay || !p.accept("|") {
			break
		}
	}
	switch {
	case len(a.Groups) < 2 && a.Verb == Cut:
		return a, p.expected(`"|" or ">" and more nodes`)
	case len(a.Groups) < 2:
		return a, p.expected(`"|" and more nodes`)
	case a.Verb != Flap:
		return a, nil
	}
	if err := p.want("every"); err != nil {
		return a, err
	}
	if d, ok := duration(p.peek()); !ok || d < minEvery {
		return a, p.expected(fmt.Sprintf("a time of %v or more", minEvery))
	}
	a.By, err = p.time()
	return a, err
}

// call reads a node and its new name.
func (p *parser) call() (a Action, err error) {
	a.Verb = Verb(p.next().text)
	n, err := p.node()
	if err != nil {
		return a, err
	}
	if n.Kind == All || n.Kind == Rest || n.Kind == Minority {
		return a, p.expected("one node before the name")
	}
	if a.Name = p.peek(); !isName(a.Name) {
		return a, p.expected("a name for it: letters, and no word of this language")
	}
	p.next()
	a.Groups = [][]Node{{n}}
	if !slices.Contains(p.names, a.Name) {
		p.names = append(p.names, a.Name)
	}
	return a, nil
}
