package bench

import (
	"errors"
	"io"

	"github.com/troupedb/troupe/wire/resp"
)

// firstRead is what a connection's first read may bring.
const firstRead = 16 << 10

// replies reads a stream of replies. The buffer grows with what has arrived of one reply, never by what a
// reply claims to be.
type replies struct {
	buf  []byte
	from int // what stands before was yielded
}

// read reads from conn once, or more often if that brings no whole reply, and yields up to n replies. A
// value is good until yield returns.
func (r *replies) read(conn io.Reader, n int, yield func(resp.Value)) (got int, err error) {
	for got == 0 {
		if err := r.fill(conn); err != nil {
			return 0, err
		}
		for got < n {
			v, size, err := resp.ParseReply(r.buf[r.from:])
			if errors.Is(err, resp.ErrIncomplete) {
				break
			}
			if err != nil {
				return got, err
			}
			r.from += size
			yield(v)
			got++
		}
	}
	return got, nil
}

// fill appends what one read brings.
func (r *replies) fill(conn io.Reader) error {
	r.buf = r.buf[:copy(r.buf, r.buf[r.from:])]
	r.from = 0
	if len(r.buf) == cap(r.buf) {
		r.buf = append(make([]byte, 0, max(firstRead, 2*cap(r.buf))), r.buf...)
	}
	n, err := conn.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}
