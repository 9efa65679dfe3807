package rdb

// unpack undoes the compression of LZF: bytes as they are, and references to bytes before. It is false unless
// exactly size bytes come out. It takes no more memory than comes out.
func unpack(in []byte, size int) (out []byte, ok bool) {
	const (
		literals = 1 << 5 // a head below it counts bytes, less one
		long     = 7      // a reference of this length has a byte more for it
	)
	for len(in) > 0 {
		head := int(in[0])
		in = in[1:]
		if head < literals {
			n := head + 1
			if n > len(in) || n > size-len(out) {
				return nil, false
			}
			out, in = append(out, in[:n]...), in[n:]
			continue
		}
		n := head >> 5
		if n == long {
			if len(in) == 0 {
				return nil, false
			}
			n, in = n+int(in[0]), in[1:]
		}
		if len(in) == 0 {
			return nil, false
		}
		back := (head&31)<<8 + int(in[0]) + 1
		in = in[1:]
		if n += 2; back > len(out) || n > size-len(out) {
			return nil, false
		}
		for range n { // what is referred to may reach into what comes out
			out = append(out, out[len(out)-back])
		}
	}
	return out, len(out) == size
}
