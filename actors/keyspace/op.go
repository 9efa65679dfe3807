package keyspace

import (
	"errors"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Kinds of operations in an entry. Only append to this list.
const (
	opCommand = 0 // [0, slot, [arg…]]
	opTx      = 1 // [1, slot, [bucket, version, …], [[arg…]…]]
	opWait    = 2 // [2, slot, [arg…]]
	opOnce    = 3 // [3, slot, [bucket, version, …], [[arg…]…], key]
	opRecall  = 4 // [4, slot, [], [[arg…]…], key]
)

// What a decoded operation may hold at most; the bytes of the entry bound it further.
const (
	maxArgs    = 1 << 20
	maxWatches = 1 << 16
	maxArgSize = 1 << 30
)

// ErrOp is wrapped by the errors of an OpReader that met bytes which are no operation.
var ErrOp = errors.New("not an operation")

// Op is one operation of an entry: a command, or a transaction if Tx is set. All
// byte slices alias the buffer that it was read from.
type Op struct {
	Slot uint16
	Args [][]byte // Args[0] is the lower-case name of the command
	Tx   *Tx
	Wait bool // the command may wait; see Blocked

	key hashed // Args[1], if State.Ahead came by
}

// Tx is a transaction: commands that run with nothing between them, unless a
// watched key was modified. Commands that a session carries out itself are
// unknown here: it puts their replies between the others.
type Tx struct {
	Watches []Watch
	Cmds    [][][]byte
	// Once is a key under which the shard remembers the reply: with the same key the same commands are not carried
	// out again, and get that reply, in RESP2. nil: they are whenever they come.
	Once []byte
	// Recall answers what is remembered under Once, and carries nothing out: what is not remembered is refused for want
	// of memory. It is a read.
	Recall bool
}

// Watch is what the watch command answered for one key. Index is a version of
// the state, to be handed back as it is: it has no meaning in another shard.
type Watch struct {
	Bucket uint16
	Index  uint64
}

// AppendOp appends a command to an entry. args[0] is its name in lower case.
func AppendOp(dst []byte, slot uint16, args [][]byte) []byte {
	return appendCommand(dst, opCommand, slot, args)
}

// AppendWait appends a command that may wait for what it asks for. Whoever runs the log
// must be able to end its wait.
func AppendWait(dst []byte, slot uint16, args [][]byte) []byte {
	return appendCommand(dst, opWait, slot, args)
}

func appendCommand(dst []byte, kind uint64, slot uint16, args [][]byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, kind)
	dst = pack.AppendUint(dst, uint64(slot))
	return appendArgs(dst, args)
}

// AppendTx appends a transaction to an entry.
func AppendTx(dst []byte, slot uint16, watches []Watch, cmds [][][]byte) []byte {
	dst = pack.AppendArray(dst, 4)
	return appendTx(dst, opTx, slot, watches, cmds)
}

// AppendOnce appends a transaction that is applied once; its key has 1 to MaxOnceKey bytes.
func AppendOnce(dst []byte, slot uint16, watches []Watch, cmds [][][]byte, key []byte) []byte {
	return appendKeyed(dst, opOnce, slot, watches, cmds, key)
}

// AppendRecall appends what asks for the reply of such a transaction, where there is no memory to carry it out.
func AppendRecall(dst []byte, slot uint16, cmds [][][]byte, key []byte) []byte {
	return appendKeyed(dst, opRecall, slot, nil, cmds, key)
}

func appendKeyed(dst []byte, kind uint64, slot uint16, watches []Watch, cmds [][][]byte, key []byte) []byte {
	dst = pack.AppendArray(dst, 5)
	dst = appendTx(dst, kind, slot, watches, cmds)
	return pack.AppendBytes(dst, key)
}

func appendTx(dst []byte, kind uint64, slot uint16, watches []Watch, cmds [][][]byte) []byte {
	dst = pack.AppendUint(dst, kind)
	dst = pack.AppendUint(dst, uint64(slot))
	dst = pack.AppendArray(dst, 2*len(watches))
	for _, w := range watches {
		dst = pack.AppendUint(dst, uint64(w.Bucket))
		dst = pack.AppendUint(dst, w.Index)
	}
	dst = pack.AppendArray(dst, len(cmds))
	for _, args := range cmds {
		dst = appendArgs(dst, args)
	}
	return dst
}

func appendArgs(dst []byte, args [][]byte) []byte {
	dst = pack.AppendArray(dst, len(args))
	for _, a := range args {
		dst = pack.AppendBytes(dst, a)
	}
	return dst
}

// OpReader walks over the operations of an entry. It keeps its buffers between
// entries, so that reading allocates nothing in the long run.
type OpReader struct {
	r    pack.Reader
	args [][]byte // of all commands of the current operation, or of all that were read ahead
	tx   Tx

	near []Op // read ahead and not handed out yet; in the room of ops
	ops  [AheadMax]Op
	held int // how many of ops hold on to an entry
}

// keptArgs is how large a buffer survives Reset.
const keptArgs = 1 << 14

// Reset makes the reader begin at the start of b, which is not copied.
func (o *OpReader) Reset(b []byte) {
	o.r.Reset(b)
	clear(o.ops[:o.held])
	o.near, o.held = nil, 0
	if cap(o.args) > keptArgs {
		o.args = nil
	}
	if cap(o.tx.Cmds) > keptArgs || cap(o.tx.Watches) > keptArgs {
		o.tx = Tx{}
	}
}

// Left is how many bytes were not read yet. REQUIRES: nothing is buffered.
func (o *OpReader) Left() int { return o.r.Len() }

// Buffered is how many operations were read ahead and not handed out yet.
func (o *OpReader) Buffered() int { return len(o.near) }

// Err returns why Next stopped, nil at the end of the entry.
func (o *OpReader) Err() error { return o.r.Err() }

// Next reads the next operation into op, which is valid until the following
// call. It returns false at the end and at bytes that are no operation.
func (o *OpReader) Next(op *Op) bool {
	if len(o.near) > 0 {
		*op, o.near = o.near[0], o.near[1:]
		return true
	}
	if o.r.Len() == 0 {
		return false
	}
	n, kind := o.readHead(op)
	o.args = o.args[:0]
	switch {
	case isCommand(n, kind):
		op.Args = o.readArgs()
	case kind == opTx && n == 4, (kind == opOnce || kind == opRecall) && n == 5:
		o.readWatches()
		o.readCmds()
		if o.tx.Once, o.tx.Recall = nil, kind == opRecall; kind != opTx {
			o.readOnce()
		}
		op.Tx = &o.tx
	default:
		o.r.Fail(ErrOp)
	}
	return o.r.Err() == nil
}

// readHead begins op, and returns how many fields it has, and its kind.
func (o *OpReader) readHead(op *Op) (n int, kind uint64) {
	n, kind = o.r.ArrayLen(5), o.r.Uint()
	*op = Op{Slot: uint16(o.r.UintMax(slotmap.Count - 1)), Wait: kind == opWait}
	return n, kind
}

// isCommand tells that an operation of n fields is a command, not a transaction.
func isCommand(n int, kind uint64) bool { return n == 3 && (kind == opCommand || kind == opWait) }

// aheadArgs is how many arguments are read ahead, or a few more.
const aheadArgs = 16 * AheadMax

// readAhead reads the commands that come next, AheadMax at most, and returns all that Next has not handed out. It
// stops before a transaction, and before what is no operation: that is for Next to find.
func (o *OpReader) readAhead() []Op {
	if len(o.near) > 0 {
		return o.near
	}
	o.args = o.args[:0]
	n := 0
	for ; n < len(o.ops) && len(o.args) < aheadArgs && o.r.Len() > 0; n++ {
		before := o.r
		op := &o.ops[n]
		if isCommand(o.readHead(op)) {
			op.Args = o.readArgs()
		} else {
			o.r.Fail(ErrOp)
		}
		if o.r.Err() != nil {
			o.r = before
			break
		}
	}
	o.near, o.held = o.ops[:n], max(o.held, min(n+1, len(o.ops)))
	return o.near
}

// readArgs appends the arguments of a command to the shared buffer. When that
// grows, what was cut from it before stays valid in its old place.
func (o *OpReader) readArgs() [][]byte {
	from := len(o.args)
	n := o.r.ArrayLen(maxArgs)
	if n == 0 {
		o.r.Fail(ErrOp)
	}
	for range n {
		o.args = append(o.args, o.r.Bytes(maxArgSize))
	}
	return o.args[from:len(o.args):len(o.args)]
}

func (o *OpReader) readWatches() {
	o.tx.Watches = o.tx.Watches[:0]
	n := o.r.ArrayLen(2 * maxWatches)
	if n%2 != 0 {
		o.r.Fail(ErrOp)
	}
	for range n / 2 {
		bucket := uint16(o.r.UintMax(watchBuckets - 1))
		o.tx.Watches = append(o.tx.Watches, Watch{bucket, o.r.Uint()})
	}
}

func (o *OpReader) readCmds() {
	o.tx.Cmds = o.tx.Cmds[:0]
	for range o.r.ArrayLen(maxArgs) {
		o.tx.Cmds = append(o.tx.Cmds, o.readArgs())
	}
}

func (o *OpReader) readOnce() {
	if o.tx.Once = o.r.Bytes(MaxOnceKey); len(o.tx.Once) == 0 {
		o.r.Fail(ErrOp)
	}
}
