//go:build !linux

package daemon

func threadTimes() (times, bool) { return times{}, false }
