package actors

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// Defaults of when a shard takes a snapshot and how much log it keeps behind it.
const (
	defaultSnapshotEntries = 200_000
	defaultSnapshotBytes   = 16 << 20
	defaultKeepEntries     = 4096
	defaultKeepBytes       = 32 << 20 // not less than may be on its way to a follower whose connection breaks
)

func (d *director) replicaConfig(shard slotmap.ShardID, st raftlog.State) replica.Config {
	routes := d.routes
	peers := map[slotmap.NodeID]*actor.PID{}
	name := shardName(shard)
	return replica.Config{
		System: d.system, Cluster: d.cluster, Self: d.self.ID, Shard: shard, Replica: st.Replica, State: st,
		Log: d.store, LogPID: d.logPID, NodePID: d.pid(), Confirm: d.confirm, SnapshotDir: snapshotDir(d.cfg.Data), FS: d.world.FS,
		Peer: func(id slotmap.NodeID) *actor.PID {
			pid := peers[id]
			if pid == nil {
				pid = actor.NewPID(id.String(), name)
				peers[id] = pid
			}
			return pid
		},
		Bulk: d.links.Bulk,
		Hint: func() slotmap.NodeID {
			sh, _ := routes.Load().Map.Shard(shard)
			node, _ := sh.LeaderNode()
			return node
		},
		Clock:           d.time.now,
		LowSpace:        func() bool { return d.store.Space().Low },
		PeerLow:         func(id slotmap.NodeID) bool { return routes.Load().Nodes[id].LowSpace },
		Claim:           d.store.Claim,
		Untrusted:       d.cfg.Secret == nil,
		Leases:          d.cfg.Leases,
		Rand:            rand.New(rand.NewPCG(d.world.Seed(), d.world.Seed())),
		Dispatcher:      d.world.dispatcher(name),
		Observe:         d.world.Observe,
		Listen:          d.clients.Listening,
		Publish:         d.clients.PublishEvents,
		Eviction:        d.clients.Eviction,
		Memory:          d.clients.Memory,
		Paused:          d.clients.Paused,
		Backlog:         d.clients.Backlog,
		LeastCopies:     d.clients.LeastCopies,
		Fatal:           d.cfg.Fatal,
		Logger:          d.log,
		SnapshotEntries: or(d.cfg.SnapshotEntries, defaultSnapshotEntries),
		SnapshotBytes:   or(d.cfg.SnapshotBytes, defaultSnapshotBytes),
		KeepEntries:     or(d.cfg.KeepEntries, defaultKeepEntries),
		KeepBytes:       or(d.cfg.KeepBytes, defaultKeepBytes),
	}
}

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// panicked is the error of an actor that may not be restarted.
type panicked struct {
	who    string
	reason any
}

func (p panicked) Error() string { return fmt.Sprintf("%s stopped: %v", p.who, p.reason) }

// levelled passes protoactor's own lines on if they are errors.
type levelled struct{ slog.Handler }

// Enabled implements slog.Handler.
func (l levelled) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && l.Handler.Enabled(ctx, level)
}
