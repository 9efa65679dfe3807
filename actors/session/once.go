package session

import (
	"bytes"
	"slices"

	"github.com/troupedb/troupe/actors/keyspace"
)

const (
	errOnceKey   = "ERR the key of CLIENT ONCE has 1 to 255 bytes"
	errOnceOwn   = "ERR a transaction that is applied once is about keys alone: "
	errOnceUse   = "ERR the reply of a transaction that is applied once is kept on every replica, and each has its own for "
	errOnceSlots = "CROSSSLOT what is applied once is one transaction, and all its keys must hash to the same slot"
)

// clientOnce lets the next transaction be applied once: a later one with the same key and the same commands, on any
// connection to any node, only gets its reply.
func clientOnce(s *session, args [][]byte) {
	if key := args[2]; len(key) == 0 || len(key) > keyspace.MaxOnceKey {
		s.seg.local.Error(errOnceKey)
		return
	}
	s.once = bytes.Clone(args[2])
	s.seg.local.OK()
}

// ofReplica are the commands on data whose reply is of the replica that carries them out.
var ofReplica = map[string]bool{"object|idletime": true, "object|freq": true}

func (q queued) ofReplica() bool { return ofReplica[q.verb.cmd.FullName()] }

// onceLine is why a transaction cannot be applied once, "" if it can. What a session does itself leaves nothing in the
// shard that could be remembered.
func (t *transaction) onceLine() string {
	own, local := slices.IndexFunc(t.cmds, queued.own), slices.IndexFunc(t.cmds, queued.ofReplica)
	switch {
	case own >= 0:
		return errOnceOwn + "'" + t.cmds[own].verb.cmd.FullName() + "' is not"
	case local >= 0:
		return errOnceUse + "'" + t.cmds[local].verb.cmd.FullName() + "'"
	case !t.slot.known:
		return errOnceOwn + "it has none"
	}
	return ""
}
