package keyspace

// globBudget is how many bytes a match may look at beyond four for each byte of
// pattern and key. Ordinary patterns need far less; what is made to be slow
// does not match.
const globBudget = 1 << 18

// matchKey tells whether a key matches a pattern; nil matches all.
func matchKey(pattern []byte, key string) bool {
	if pattern == nil {
		return true
	}
	if key == "" { // as Redis: not even * matches it, except where nothing is matched at all
		return len(pattern) == 0
	}
	budget := globBudget + 4*(len(pattern)+len(key))
	return globMatchSteps(pattern, []byte(key), budget)
}

// globMatchSteps is globMatch, case counting, with a bound on its work.
func globMatchSteps(pattern, text []byte, steps int) bool {
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
		next, ok := globOne(pattern, p, text[t], false)
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
