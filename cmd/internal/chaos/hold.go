package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What can be in force for a node until it is undone.
const (
	down   = "down"
	asleep = "asleep"
	slow   = "slow disk"
	full   = "full disk"
	broken = "broken disk"
	cutOff = "cut" // of no node, but of a number of its own
)

// hold is something in force, and how it is undone.
type hold struct {
	fault *fault
	undo  func()
}

func key(what string, i int) string { return fmt.Sprint(what, " ", i) }

// keep puts something in force.
func (c *conductor) keep(k string, x *fault, undo func()) { c.holds[k] = &hold{x, undo} }

// release undoes what is in force under a key, and reports whether there was anything.
func (c *conductor) release(k string) bool {
	h := c.holds[k]
	if h == nil {
		return false
	}
	delete(c.holds, k)
	h.undo()
	c.faults.undone(h.fault)
	return true
}

// forget ends what has become pointless, without undoing it.
func (c *conductor) forget(k string) {
	if h := c.holds[k]; h != nil {
		delete(c.holds, k)
		c.faults.undone(h.fault)
	}
}

// releaseAll undoes everything of a kind, in the order of the keys, and returns how much that was.
func (c *conductor) releaseAll(what string) (n int) {
	for _, k := range slices.Sorted(maps.Keys(c.holds)) {
		if strings.HasPrefix(k, what+" ") && c.release(k) {
			n++
		}
	}
	return n
}

// undoAll undoes everything: the ways and disks first, so that who wakes up or starts can work.
func (c *conductor) undoAll() {
	for _, what := range []string{cutOff, slow, full, broken, asleep, down} {
		c.releaseAll(what)
	}
}
