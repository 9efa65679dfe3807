package sim

import (
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/slotmap"
)

// forger makes wrong pictures of right ones: every slot has another shard's name to it. It keeps the last.
type forger struct {
	from *session.Routes
	made *session.Routes
}

// routes is the picture that the sessions of a machine route by.
func (m *machine) routes(r *session.Routes) *session.Routes {
	if !m.forged {
		return r
	}
	if m.forger.from != r {
		m.forger = forger{r, forged(r, m.s.plan.shards)}
	}
	return m.forger.made
}

func forged(r *session.Routes, shards int) *session.Routes {
	var runs []slotmap.Run
	for _, run := range r.Map.Runs() {
		run.Shard = run.Shard%slotmap.ShardID(shards) + 1
		runs = append(runs, run)
	}
	out := *r
	out.Map = slotmap.New(runs, r.Map.Shards())
	return &out
}
