package resp

// ReplyScan finds where a reply ends, and of how many values it is made, without taking memory for it. It goes on
// where it stopped, so that a reply which arrives in pieces is looked through once. The zero value begins a reply.
type ReplyScan struct {
	Values int64 // seen so far, at every depth

	begun bool
	at    int   // bytes that were looked through
	open  int64 // values that are still to come
}

// End returns the length of the reply at the head of b, which holds all that earlier calls were given: ErrIncomplete
// means to call again with more. A reply that ends may still be one that ParseReply refuses.
func (s *ReplyScan) End(b []byte) (int, error) {
	if !s.begun {
		s.begun, s.open = true, 1
	}
	for s.open > 0 {
		p := replyParser{rest: b[s.at:]}
		inside, err := p.skip()
		if err != nil {
			return 0, err
		}
		s.at = len(b) - len(p.rest)
		s.open += inside - 1
		if s.Values++; s.Values+s.open > 2*MaxReplyItems {
			return 0, ErrReply
		}
	}
	return s.at, nil
}

// skip passes over one value, or over the head of one that holds others, and returns how many come for it.
func (p *replyParser) skip() (inside int64, err error) {
	line, err := p.line()
	if err != nil {
		return 0, err
	}
	each, after := int64(1), int64(0)
	switch line[0] {
	case '$', '=':
		_, err := p.bulk(Bulk, line[1:])
		return 0, err
	case '%':
		each = 2
	case '|':
		each, after = 2, 1 // what the attributes belong to
	case '*', '~', '>':
	default:
		return 0, nil
	}
	n, ok := parseInt(line[1:])
	if !ok || n < -1 || n > MaxReplyItems {
		return 0, ErrReply
	}
	return each*max(n, 0) + after, nil
}
