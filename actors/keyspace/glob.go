package keyspace

// globMatch matches text against a pattern as Redis does: * ? [a-z] [^a] and \ before a character that stands for
// itself; an unclosed [ ends with the pattern. With fold, case does not count. Only the last * is ever tried again,
// so the time is at most the product of both lengths, and no more than steps pattern bytes are looked at: a match
// that needs more is none.
func globMatch(pattern, text []byte, fold bool, steps int) bool {
	star, from := -1, 0 // the pattern after the last *, and the text that it was tried with
	p, t := 0, 0
	for t < len(text) {
		if steps <= 0 {
			return false
		}
		if p < len(pattern) && pattern[p] == '*' {
			p, steps = p+1, steps-1
			star, from = p, t
			continue
		}
		next, ok := globOne(pattern, p, text[t], fold)
		steps -= max(next-p, 1)
		if ok {
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

// globBudget is how many bytes a match may look at beyond four for each byte of
// pattern and key. Ordinary patterns need far less; what is made to be slow
// does not match.
const globBudget = 1 << 18

// matchKey tells whether a key or member matches a pattern; nil matches all.
func matchKey[T string | []byte](pattern []byte, key T) bool {
	if pattern == nil {
		return true
	}
	if len(key) == 0 { // as Redis: not even * matches it, except where nothing is matched at all
		return len(pattern) == 0
	}
	budget := globBudget + 4*(len(pattern)+len(key))
	return globMatch(pattern, []byte(key), false, budget)
}

// Match reports whether text matches a pattern as Redis has them. It looks at a bounded part of a pattern that
// would take long.
func Match(pattern, text []byte) bool {
	return globMatch(pattern, text, false, globBudget+4*(len(pattern)+len(text)))
}
