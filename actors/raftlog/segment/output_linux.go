package segment

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/troupedb/troupe/actors/direct"
)

// put writes p, whose write makes it durable as well if sync is set: one system call for two.
func (o *output) put(p []byte, at int64, sync bool) error {
	if !o.direct {
		return o.plain(p, at, sync)
	}
	for len(p) > 0 {
		n, err := o.queue.Write(int(o.file.Fd()), p, at, sync)
		switch {
		case err == unix.EINTR:
		case err == unix.EINVAL || errors.Is(err, unix.EOPNOTSUPP): // it was promised all the same
			o.direct = false
			if err := direct.Unset(o.file); err != nil {
				return err
			}
			return o.plain(p, at, sync)
		case err != nil:
			return err
		case n < blockSize:
			return errShort
		default:
			n &^= blockSize - 1
			p, at = p[n:], at+int64(n)
		}
	}
	return nil
}
