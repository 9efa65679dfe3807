package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Plan is what a seed has in store.
type Plan struct {
	machines                     int // at the beginning
	most                         int // machines, when some are added
	shards                       int
	replicas                     int
	zones                        int
	clients                      int
	pipeline                     int           // most tasks sent in one go
	think                        time.Duration // of a client, on average
	readonly                     bool          // some connections read at followers
	forward                      bool          // some connections have their commands forwarded
	leases                       bool          // leaders read under leases
	troubled                     time.Duration // how long the troubles last
	rate                         float64       // troubles a second
	kinds                        []trouble
	snapshotEntries, keepEntries uint64
	linkBytes                    int     // what may wait for a peer
	transferLoss                 float64 // chance that a file gets lost
}

// Some seeds have busy clients, so that much happens between two troubles, and some have many troubles among few
// operations.
const leastThink, mostThink = 40 * time.Millisecond, 1280 * time.Millisecond

func drawPlan(rng *rand.Rand) Plan {
	p := Plan{
		machines: 3 + rng.IntN(3), shards: 1 + rng.IntN(4), replicas: 3, zones: 1 + rng.IntN(3),
		clients: 3 + rng.IntN(4), pipeline: 1 + rng.IntN(6),
		think:           time.Duration(float64(leastThink) * math.Pow(float64(mostThink/leastThink), rng.Float64())),
		readonly:        rng.IntN(2) == 0,
		troubled:        time.Duration(240+rng.IntN(240)) * time.Second,
		rate:            0.05 + 0.6*rng.Float64()*rng.Float64(),
		snapshotEntries: uint64(50 + rng.IntN(51)), keepEntries: uint64(5 + rng.IntN(20)),
		linkBytes: 32 << 20, transferLoss: 0.1 * rng.Float64() * float64(rng.IntN(2)),
	}
	p.most = min(p.machines+2, 6)
	if rng.IntN(4) == 0 {
		p.linkBytes = 2<<10 + rng.IntN(16<<10)
	}
	if rng.IntN(5) == 0 {
		p.replicas = 1 + 4*rng.IntN(2)
	}
	p.kinds = drawTroubles(rng)
	p.forward = rng.IntN(3) == 0
	p.leases = rng.IntN(3) == 0
	return p
}

func (s *Sim) zone(place int) string {
	if s.plan.zones == 1 {
		return ""
	}
	return string(rune('a' + place%s.plan.zones))
}
