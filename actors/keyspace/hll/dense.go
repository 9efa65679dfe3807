package hll

// registerBits is how many bits a dense register has.
const registerBits = 6

// getDense returns register i. The last register is the end of a byte, so that
// there is always a byte more where one is needed.
func getDense(b []byte, i int) uint8 {
	at, shift := i*registerBits/8, i*registerBits%8
	v := b[at] >> shift
	if shift > 8-registerBits {
		v |= b[at+1] << (8 - shift)
	}
	return v & (1<<registerBits - 1)
}

func setDense(b []byte, i int, value uint8) {
	const mask = 1<<registerBits - 1
	at, shift := i*registerBits/8, i*registerBits%8
	b[at] = b[at]&^(mask<<shift) | value<<shift
	if shift > 8-registerBits {
		b[at+1] = b[at+1]&^(mask>>(8-shift)) | value>>(8-shift)
	}
}

// mergeDense is Merge of dense registers: four in every three bytes.
func (r *Registers) mergeDense(b []byte) {
	const mask = 1<<registerBits - 1
	for four := r[:]; len(four) >= 4 && len(b) >= 3; four, b = four[4:], b[3:] {
		v := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		four[0] = max(four[0], uint8(v&mask))
		four[1] = max(four[1], uint8(v>>6&mask))
		four[2] = max(four[2], uint8(v>>12&mask))
		four[3] = max(four[3], uint8(v>>18))
	}
}
