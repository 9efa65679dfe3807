//go:build !linux

package segment

func (o *output) put(p []byte, at int64, sync bool) error { return o.plain(p, at, sync) }
