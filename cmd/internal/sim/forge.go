package sim

import (
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/slotmap"
)

// forger makes wrong pictures of right ones: most slots have another shard's name to them. It keeps the last.
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
		m.forger = forger{r, m.s.forged(r)}
	}
	return m.forger.made
}

// forged is a picture where every slot is of a shard that is led here, if there is any, else of the next one.
func (s *Sim) forged(r *session.Routes) *session.Routes {
	led := r.Led()
	var runs []slotmap.Run
	for _, run := range r.Map.Runs() {
		run.Shard = run.Shard%slotmap.ShardID(s.plan.shards) + 1
		if len(led) > 0 {
			run.Shard = led[s.rng.IntN(len(led))].Shard
		}
		runs = append(runs, run)
	}
	out := *r
	out.Map = slotmap.New(runs, r.Map.Shards())
	return &out
}
