package session

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"

	"github.com/troupedb/troupe/actors/replica"
)

// settings are the parameters of the server that CONFIG SET may change.
type settings struct {
	maxclients atomic.Int64
	timeout    atomic.Int64 // seconds a connection may be idle; 0: for ever
	maxmemory  atomic.Int64 // bytes that the node may use; 0: no limit
	eviction   eviction
	protected  atomic.Bool
	pass       atomic.Pointer[string]

	slowerThan   atomic.Int64 // µs that a command takes to be in the slow log; negative: none is
	slowMax      atomic.Int64 // entries of the slow log
	latencyLeast atomic.Int64 // ms that a command takes to be a latency event; 0: none is
	tracking     atomic.Bool  // keep how long each command takes
	percentiles  atomic.Pointer[[]float64]
	limits       atomic.Pointer[outputLimits]
	notify       atomic.Uint32 // see notify.go
	savePoints   atomic.Pointer[savePoints]
	leastCopies  atomic.Int64 // replicas beside the leader that there must be for a write
	backlog      atomic.Int64 // bytes of the newest entries that each shard has in memory for its followers

	compressDepth atomic.Int64 // kept for those who set and read it: lists are not compressed
}

const defaultMaxClients = 10_000

func (s *settings) init(password string) {
	s.maxclients.Store(defaultMaxClients)
	s.eviction.init()
	s.protected.Store(true)
	s.pass.Store(&password)
	s.slowerThan.Store(10_000)
	s.slowMax.Store(128)
	s.tracking.Store(true)
	s.percentiles.Store(&[]float64{50, 99, 99.9})
	limits := defaultLimits
	s.limits.Store(&limits)
	s.savePoints.Store(&savePoints{})
	s.backlog.Store(replica.DefaultBacklog)
}

// password is that of the default user, "" when none is needed.
func (s *settings) password() string { return *s.pass.Load() }

// defaultUser is the only user there is.
const defaultUser = "default"

// authentic reports whether a user may log in. It takes as long for any password of a given length.
func (s *settings) authentic(user, password []byte) bool {
	want := s.password()
	a, b := sha256.Sum256(password), sha256.Sum256([]byte(want))
	same := subtle.ConstantTimeCompare(a[:], b[:]) == 1
	return string(user) == defaultUser && (same || want == "")
}
