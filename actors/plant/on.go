//go:build plant

package plant

import "slices"

var chosen Bug

// Set chooses the bug to be there from now on, "" for none. It reports false if there is no such bug. It is
// called before anything runs that could have it.
func Set(b Bug) bool {
	chosen = b
	return b == "" || slices.Contains(All, b)
}

// On reports whether the bug is there.
func (b Bug) On() bool { return b == chosen }
