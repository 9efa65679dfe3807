package keyspace

// globMatch matches text against a pattern as Redis does: * ? [a-z] [^a] and \ before a character that stands for
// itself; an unclosed [ ends with the pattern. With fold, case does not count. Whatever the pattern, the time is at
// most the product of both lengths: only the last * is ever tried again.
func globMatch(pattern, text []byte, fold bool) bool {
	star, from := -1, 0 // the pattern after the last *, and the text that it was tried with
	p, t := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, t
			continue
		}
		if next, ok := globOne(pattern, p, text[t], fold); ok {
			p, t = next, t+1
			continue
		}
		if star < 0 {
			return false
		}
		from++
		p, t = star, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// globOne matches one byte against the pattern at p, and tells where the pattern goes on.
func globOne(pattern []byte, p int, b byte, fold bool) (next int, ok bool) {
	if p >= len(pattern) {
		return p, false
	}
	switch c := pattern[p]; {
	case c == '?':
		return p + 1, true
	case c == '[':
		return globSet(pattern, p+1, b, fold)
	case c == '\\' && p+1 < len(pattern):
		return p + 2, foldByte(pattern[p+1], fold) == foldByte(b, fold)
	default:
		return p + 1, foldByte(c, fold) == foldByte(b, fold)
	}
}

// globSet matches one byte against the set whose inside begins at p.
func globSet(pattern []byte, p int, b byte, fold bool) (next int, ok bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	b = foldByte(b, fold)
	for p < len(pattern) && pattern[p] != ']' {
		low := pattern[p]
		high := low
		switch left := len(pattern) - p; {
		case low == '\\' && left >= 2:
			low, high = pattern[p+1], pattern[p+1]
			p += 2
		case left >= 3 && pattern[p+1] == '-':
			high = pattern[p+2]
			p += 3
		default:
			p++
		}
		low, high = min(low, high), max(low, high)
		ok = ok || foldByte(low, fold) <= b && b <= foldByte(high, fold)
	}
	return min(p+1, len(pattern)), ok != not
}

func foldByte(b byte, fold bool) byte {
	if fold {
		return lowerByte(b)
	}
	return b
}
