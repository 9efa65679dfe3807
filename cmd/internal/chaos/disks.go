package chaos

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/script"
)

// spoil makes disks bad.
func (c *conductor) spoil(d *deed) error {
	what := map[script.Verb]string{script.SlowDisk: slow, script.FillDisk: full, script.BreakDisk: broken}[d.Verb]
	var disks []Disk
	for _, i := range d.nodes {
		disk, err := c.target.Disk(i)
		if err != nil {
			return err
		}
		disks = append(disks, disk)
	}
	c.did(d)
	for n, i := range d.nodes {
		disk := disks[n]
		switch d.Verb {
		case script.SlowDisk:
			disk.Slow(d.By)
			d.keep(c, key(what, i), func() { disk.Slow(0) })
		case script.FillDisk:
			disk.Fill(d.To)
			d.keep(c, key(what, i), disk.Free)
		case script.BreakDisk:
			c.expect(i)
			disk.Break(true)
			d.keep(c, key(what, i), func() { c.mend(i, disk) })
		}
	}
	return nil
}

// mend ends a broken disk. Its node must have ended at the first sync that failed, if it promises that.
func (c *conductor) mend(i int, disk Disk) {
	disk.Break(false)
	switch n := disk.FailedSyncs(); {
	case !c.target.Alive(i):
		c.start(i)
	case n > 0 && c.failStop:
		c.violations.add(Survived, fmt.Sprintf("%s lives on after %d failed syncs", c.target.Name(i), n))
	}
	last := &c.expected[i][len(c.expected[i])-1]
	last.to = time.Now().Add(time.Second) // until its end is noticed
}

// period is a time in which something is allowed. While to is zero it is not over.
type period struct{ from, to time.Time }

// expect allows a node to end by itself, until its disk is mended.
func (c *conductor) expect(i int) { c.expected[i] = append(c.expected[i], period{from: time.Now()}) }

// unexpected reports whether a node had no reason to end.
func (c *conductor) unexpected(crash Crash) bool {
	return !slices.ContainsFunc(c.expected[crash.Node], func(p period) bool {
		return !crash.At.Before(p.from) && (p.to.IsZero() || crash.At.Before(p.to))
	})
}
