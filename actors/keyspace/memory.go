package keyspace

// What is answered where a node holds as much as it may. The state machine itself knows no limit, for each node has its
// own: whoever gives operations to a replica refuses those that may need more memory before.
const (
	NoMemory     = "OOM command not allowed when used memory > 'maxmemory'."
	NoMemoryInTx = "EXECABORT Transaction discarded because of: " + NoMemory
)

// Grows tells whether an operation may need more memory.
func (op *Op) Grows() bool {
	if op.Tx == nil {
		return grows(op.Args)
	}
	for _, args := range op.Tx.Cmds {
		if grows(args) {
			return !op.Tx.Recall
		}
	}
	return false
}

func grows(args [][]byte) bool {
	c := lookupArgs(args)
	return c != nil && c.Flags&FlagDenyOOM != 0
}
