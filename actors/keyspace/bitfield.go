package keyspace

import (
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	kind     fieldKind
	field    bitField
	overflow overflow
	n        int64 // to set or to add
}

type fieldKind uint8

const (
	fieldGet fieldKind = iota
	fieldSet
	fieldIncr
)

// bitfield is BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL]
// SET type offset n | INCRBY type offset n …].
func bitfield(s *State, c *call) {
	ops, size, ok := s.fieldOps(c)
	switch {
	case !ok:
	case size == 0:
		s.readFields(c, ops)
	default:
		s.changeFields(c, ops, size)
	}
}

// bitfieldRO is BITFIELD_RO, which only takes GET.
func bitfieldRO(s *State, c *call) {
	ops, size, ok := s.fieldOps(c)
	switch {
	case !ok:
	case size > 0:
		c.W.Error("ERR BITFIELD_RO only supports the GET subcommand")
	default:
		s.readFields(c, ops)
	}
}

// fieldOps reads all operations, and returns how many bytes long the string must
// be for those that change it. ok is false, and it has answered, if one is wrong.
func (s *State) fieldOps(c *call) (ops []fieldOp, size int64, ok bool) {
	mode := wrap
	for args := c.Args[2:]; len(args) > 0; {
		op := fieldOp{overflow: mode}
		n := 3
		switch name := args[0]; {
		case resp.Is(name, "overflow") && len(args) >= 2:
			if mode, ok = c.overflow(args[1]); !ok {
				return nil, 0, false
			}
			args = args[2:]
			continue
		case resp.Is(name, "get") && len(args) >= 3:
		case resp.Is(name, "set") && len(args) >= 4:
			op.kind, n = fieldSet, 4
		case resp.Is(name, "incrby") && len(args) >= 4:
			op.kind, n = fieldIncr, 4
		default:
			c.W.Error(errSyntax)
			return nil, 0, false
		}
		if !op.parse(s, c, args[1:n]) {
			return nil, 0, false
		}
		if op.kind != fieldGet {
			size = max(size, op.field.end())
		}
		ops, args = append(ops, op), args[n:]
	}
	return ops, size, true
}

// parse reads "type offset [n]".
func (op *fieldOp) parse(s *State, c *call, args [][]byte) (ok bool) {
	if op.field.signed, op.field.width, ok = c.fieldType(args[0]); !ok {
		return false
	}
	if op.field.offset, ok = s.bitOffset(c, args[1], int64(op.field.width)); !ok {
		return false
	}
	if op.kind == fieldGet {
		return true
	}
	if op.field.end() > int64(s.maxValue) {
		c.W.Error(errBitOffset)
		return false
	}
	op.n, ok = c.int(args[2])
	return ok
}

// overflow reads what to do where a number does not fit.
func (c *call) overflow(arg []byte) (overflow, bool) {
	for mode, name := range overflowNames {
		if resp.Is(arg, name) {
			return overflow(mode), true
		}
	}
	c.W.Error("ERR Invalid OVERFLOW type specified")
	return 0, false
}

// fieldType reads a type: i1 to i64 or u1 to u63.
func (c *call) fieldType(arg []byte) (signed bool, width uint, ok bool) {
	if len(arg) > 1 && (arg[0] == 'i' || arg[0] == 'u') {
		signed = arg[0] == 'i'
		n, ok := parseInt(arg[1:])
		if ok && 1 <= n && (n <= 63 || signed && n == 64) {
			return signed, uint(n), true
		}
	}
	c.W.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
	return false, 0, false
}

func (s *State) readFields(c *call, ops []fieldOp) {
	text, ok := s.textToRead(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Array(len(ops))
	for i := range ops {
		c.W.Int(ops[i].field.get(text))
	}
}

// changeFields runs operations some of which change a string, which is made size
// bytes long for that even if none of them does in the end.
func (s *State) changeFields(c *call, ops []fieldOp, size int64) {
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	if p.e.holds(ops, size) {
		c.heldFields(p.e.data(), ops)
		return
	}
	e, before := s.upsert(&p)
	grown := e.extend(size)
	s.resized(e, before)
	changed := false
	c.W.Array(len(ops))
	for i := range ops {
		op := &ops[i]
		old := op.field.get(e.data())
		reply, done := op.run(e.data(), old)
		if !done {
			c.W.Null()
			continue
		}
		c.W.Int(reply)
		changed = changed || op.kind != fieldGet && (grown || op.field.get(e.data()) != old)
	}
	if changed {
		s.notify(EventString, "setbit", e.name())
	}
}

// holds tells that operations which need so many bytes would change nothing at all.
func (e *entry) holds(ops []fieldOp, size int64) bool {
	if e == nil || e.enc != encRaw || size > int64(len(e.data())) {
		return false
	}
	return !slices.ContainsFunc(ops, func(op fieldOp) bool {
		n, fits := op.target()
		return op.kind == fieldIncr || op.kind == fieldSet && fits && n != op.field.get(e.data())
	})
}

// target is what a field is set to; fits is false if the number does not fit and that is to be told.
func (op *fieldOp) target() (n int64, fits bool) {
	n, over := op.field.add(op.n, 0, op.overflow)
	return n, !over || op.overflow != fail
}

// heldFields answers operations that change nothing.
func (c *call) heldFields(b []byte, ops []fieldOp) {
	c.W.Array(len(ops))
	for i := range ops {
		if _, fits := ops[i].target(); ops[i].kind == fieldSet && !fits {
			c.W.Null()
			continue
		}
		c.W.Int(ops[i].field.get(b))
	}
}

// run carries out an operation on a field that is old; done is false if the
// number does not fit and that is to be told.
func (op *fieldOp) run(b []byte, old int64) (reply int64, done bool) {
	var sum int64
	var over bool
	switch op.kind {
	case fieldGet:
		return old, true
	case fieldSet:
		reply = old
		sum, over = op.field.add(op.n, 0, op.overflow)
	case fieldIncr:
		sum, over = op.field.add(old, op.n, op.overflow)
		reply = sum
	}
	if over && op.overflow == fail {
		return 0, false
	}
	op.field.set(b, uint64(sum))
	return reply, true
}
