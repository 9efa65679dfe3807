package history

import (
	"fmt"
	"math"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Kind is what an operation does to a register that holds a number.
type Kind uint8

const (
	Get  Kind = iota // Out is what it read
	Set              // stores Arg
	Incr             // adds 1; Out is the sum. An absent number counts as 0
	Swap             // stores Arg; it was Done, so the register held Old
)

// Absent stands for no value in Out and Old.
const Absent = math.MinInt64

// Op is one operation. Out means nothing unless it was Done.
type Op struct {
	Client       int32
	Kind         Kind
	Fate         fate.Fate
	Arg, Old     int64
	Out          int64
	Call, Return int64 // Return means nothing if the fate is Unknown
}

// write reports whether the operation may change the register.
func (o *Op) write() bool { return o.Kind != Get }

func (o *Op) String() string {
	out := ""
	switch {
	case o.Fate != fate.Done:
		out = " (" + o.Fate.String() + ")"
	case o.Kind == Get || o.Kind == Incr:
		out = " = " + number(o.Out)
	}
	switch o.Kind {
	case Get:
		return "get" + out
	case Set:
		return "set " + number(o.Arg) + out
	case Incr:
		return "incr" + out
	default:
		return "swap " + number(o.Old) + " for " + number(o.Arg) + out
	}
}

func number(n int64) string {
	if n == Absent {
		return "nothing"
	}
	return fmt.Sprint(n)
}
