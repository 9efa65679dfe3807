package history

import (
	"github.com/anishathalye/porcupine"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// register is the sequential truth: one number, at first absent. Its inputs are *Op, which carry their
// outputs with them.
var register = porcupine.Model{
	Init:  func() any { return int64(Absent) },
	Step:  func(state, input, _ any) (bool, any) { return step(state.(int64), input.(*Op)) },
	Hash:  func(state any) uint64 { return uint64(state.(int64)) },
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(input, _ any) string {
		return input.(*Op).String()
	},
	DescribeState: func(state any) string { return number(state.(int64)) },
}

// step tells whether a register that holds state may answer op as it did, and what it holds then. An
// operation that was not Done made no claim about the state.
func step(state int64, op *Op) (bool, any) {
	claims := op.Fate == fate.Done
	switch op.Kind {
	case Get:
		return !claims || state == op.Out, state
	case Set:
		return true, op.Arg
	case Incr:
		sum := int64(1)
		if state != Absent {
			sum = state + 1
		}
		return !claims || sum == op.Out, sum
	default:
		if state == op.Old {
			return true, op.Arg
		}
		return !claims, state
	}
}

// events turns a history into porcupine's form. Operations without a part in it are left out: reads
// without an answer, and refused ones unless they are under suspicion.
func events(ops []Op, suspectRefused bool) []porcupine.Operation {
	end := int64(0)
	for i := range ops {
		end = max(end, ops[i].Call+1, ops[i].Return+1)
	}
	var out []porcupine.Operation
	for i := range ops {
		op := &ops[i]
		e := porcupine.Operation{ClientId: int(op.Client), Input: op, Call: op.Call, Return: op.Return}
		switch op.Fate {
		case fate.Done:
		case fate.Unknown:
			e.Return = end
		case fate.Refused:
			if e.Return = end; !suspectRefused {
				continue
			}
		}
		if op.Fate == fate.Done || op.write() {
			out = append(out, e)
		}
	}
	return out
}
