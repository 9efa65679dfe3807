package replica

import (
	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/actors/plant"
)

// trustsItself makes a leader read without asking anyone. It is one of two planted bugs.
func (r *replica) trustsItself() bool {
	return r.role == raft.StateLeader && (plant.LeaseRead.On() && r.ownTerm || plant.EarlyRead.On() && !r.ownTerm)
}
