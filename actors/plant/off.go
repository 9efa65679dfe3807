//go:build !plant

package plant

// On reports whether the bug is there.
func (Bug) On() bool { return false }
