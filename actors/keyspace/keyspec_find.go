package keyspace

// ErrKeys says that the positions of the keys cannot be told from the arguments.
const ErrKeys = CommandError("ERR Invalid arguments specified for command")

// Key is the position of a key in the arguments and what the command does with it.
type Key struct {
	Pos   int
	Flags KeyFlags
}

// HasKeys reports whether the command has key arguments.
func (c *Command) HasKeys() bool {
	for i := range c.KeySpecs {
		if c.KeySpecs[i].Flags&KeyNotKey == 0 {
			return true
		}
	}
	return false
}

// Keys is AppendKeys into a new slice.
func (c *Command) Keys(args [][]byte) ([]int, error) { return c.AppendKeys(nil, args) }

// AppendKeys appends the positions of the keys in args, which begins with the command's name. Every position is
// inside args. It allocates only when dst is too small. On ErrKeys dst comes back as it was given.
func (c *Command) AppendKeys(dst []int, args [][]byte) ([]int, error) {
	start := len(dst)
	for i := range c.KeySpecs {
		r, err := c.span(&c.KeySpecs[i], args)
		if err != nil {
			return dst[:start], err
		}
		for p := r.first; p <= r.last; p += r.step {
			dst = append(dst, p)
		}
	}
	return dst, nil
}

// KeysAndFlags is what COMMAND GETKEYSANDFLAGS answers.
func (c *Command) KeysAndFlags(args [][]byte) ([]Key, error) {
	var keys []Key
	for i := range c.KeySpecs {
		s := &c.KeySpecs[i]
		r, err := c.span(s, args)
		if err != nil {
			return nil, err
		}
		flags := s.Flags
		if flags&KeyVariableFlags != 0 && c.keyFlags != nil {
			flags = c.keyFlags(args)
		}
		for p := r.first; p <= r.last; p += r.step {
			keys = append(keys, Key{Pos: p, Flags: flags})
		}
	}
	return keys, nil
}

// span is the positions one spec names: first, first+step … up to last, all inside the arguments.
type span struct{ first, last, step int }

var noSpan = span{first: 0, last: -1, step: 1}

func (c *Command) span(s *KeySpec, args [][]byte) (span, error) {
	if s.Flags&KeyNotKey != 0 {
		return noSpan, nil
	}
	if s.Unknown {
		return s.found(args), nil
	}
	first := s.Index
	if s.Keyword != "" {
		if first = s.afterKeyword(args); first == 0 {
			return noSpan, nil
		}
	}
	last := s.rangeEnd(first, len(args))
	if s.Counted {
		n, ok := s.count(first, args)
		if ok && n == 0 && c.Flags&FlagNoMandatoryKeys != 0 {
			return noSpan, nil
		}
		if !ok || n > len(args) {
			return noSpan, ErrKeys
		}
		first += s.FirstKey
		last = first + n - 1
	}
	if first < 1 || s.Step < 1 || last < first || last >= len(args) {
		return noSpan, ErrKeys
	}
	return span{first: first, last: last, step: s.Step}, nil
}

// found is the place of the key of a spec that is unknown until there are arguments.
func (s *KeySpec) found(args [][]byte) span {
	if s.Find != nil {
		if at := s.Find(args); at > 0 && at < len(args) {
			return span{first: at, last: at, step: 1}
		}
	}
	return noSpan
}

func (s *KeySpec) rangeEnd(first, argc int) int {
	switch {
	case s.LastKey >= 0:
		return first + s.LastKey
	case s.Limit > 0:
		return first + (argc-first)/s.Limit + s.LastKey
	}
	return argc + s.LastKey
}

// afterKeyword is the position after the keyword, 0 when it is absent. A keyword as the last argument has
// nothing after it and does not count.
func (s *KeySpec) afterKeyword(args [][]byte) int {
	start, end, step := s.StartFrom, len(args)-1, 1
	if s.StartFrom < 0 {
		start, end, step = len(args)+s.StartFrom, 1, -1
	}
	for i := start; i >= 1 && i < len(args) && i != end; i += step {
		if equalFold(args[i], s.Keyword) {
			return i + 1
		}
	}
	return 0
}

// maxCountDigits keeps the count of keys far below any overflow, and far above any count of arguments.
const maxCountDigits = 9

// count reads the count of keys: decimal digits, without sign or leading zero.
func (s *KeySpec) count(first int, args [][]byte) (n int, ok bool) {
	at := first + s.NumIndex
	if at < 1 || at >= len(args) {
		return 0, false
	}
	digits := args[at]
	if len(digits) == 0 || len(digits) > maxCountDigits || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}
	return n, true
}
