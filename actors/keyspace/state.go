package keyspace

import (
	"encoding/binary"
	"reflect"

	"github.com/dchest/siphash"

	"github.com/troupedb/troupe/slotmap"
)

// defaultMaxValue is the limit of a string unless Config names another.
const defaultMaxValue = 512 << 20

// Config is what a new State begins with. It is part of the replicated state:
// the replicas of a shard must be given the same, and a restored State has what
// its snapshot says.
type Config struct {
	Key      [16]byte      // seed of the hash of keys
	Slots    []slotmap.Run // the slots owned at the start
	MaxValue int           // longest string in bytes; 0 is 512 MiB
}

// Env is what an operation may know of the world: where it stands in the log,
// and the time and the randomness that the leader wrote there.
type Env struct {
	Index   uint64
	Now     int64 // the shard's clock, ms; never runs backwards
	Seed    uint64
	Read    bool  // a read outside the log, at the state after entry Index: nothing may change
	ReadNow int64 // for a read: the leader's estimate of the time, >= Now
	Keep    bool  // Tick deletes nothing that expired; for a read: the next entry would not, or is not for the reader to ask for
}

// State is the replicated state machine of one shard. It belongs to one
// goroutine at a time.
type State struct {
	k0, k1   uint64
	maxValue int
	limits   limits
	dicts    [slotmap.Count]*dict // nil: no key
	entries  *entries
	slots    ownership
	expiry   deadlines
	watch    watchTable
	census   census
	bytes    int64

	snap     *Snapshotter // under way, or nil
	snapSeq  uint32       // counts snapshots begun here; not replicated
	draws    draws
	needsLog bool
	kept     bool // the last entry kept what had expired; not replicated
	notOwned bool
	blocked  Blocked // the operation at hand, if it waits
	again    bool    // a waiter that was repeated found nothing again
	waiters  waitTable
	once     onceTable
	served   []Served // not taken yet
	panics   uint64

	listen EventClass
	counts Counts
	usage  usage
	events []Event // not taken yet

	call call     // the one that runs; kept here so that none is allocated
	last *Command // the newest one that ran and is no subcommand, or nil
	walk []*entry // scratch of bucket walks

	scratch []byte // for an item of a collection while it is made or looked for

	hashes   [AheadMax]hashed // of keys that a command looks up next
	aheadSum byte             // keeps what Ahead reads from being left out by the compiler
}

// New returns an empty State.
func New(cfg Config) *State {
	s := &State{maxValue: cfg.MaxValue, limits: defaultLimits, entries: &entries{}, expiry: newDeadlines()}
	if s.maxValue <= 0 {
		s.maxValue = defaultMaxValue
	}
	s.maxValue = min(s.maxValue, maxArgSize)
	s.setKey(cfg.Key)
	s.slots.set(cfg.Slots)
	return s
}

func (s *State) setKey(key [16]byte) {
	s.k0 = binary.LittleEndian.Uint64(key[:8])
	s.k1 = binary.LittleEndian.Uint64(key[8:])
}

func (s *State) key() (key [16]byte) {
	binary.LittleEndian.PutUint64(key[:8], s.k0)
	binary.LittleEndian.PutUint64(key[8:], s.k1)
	return key
}

func (s *State) hash(key []byte) uint32 { return uint32(siphash.Hash(s.k0, s.k1, key)) }

// Keys returns the number of keys, expired ones that were not deleted yet included.
func (s *State) Keys() int { return s.census.keys }

// Expires returns how many keys have a time to live.
func (s *State) Expires() int { return s.expiry.len() }

// Bytes estimates the memory of all keys and values, of times to live, of what is remembered of transactions that are
// carried out once, and of operations that wait.
func (s *State) Bytes() int64 {
	return s.bytes + deadlineBytes*int64(s.expiry.len()) + s.Aside()
}

// Aside is the part of Bytes that no eviction of keys makes any smaller: what is remembered of transactions, and
// operations that wait. Each has a bound of its own.
func (s *State) Aside() int64 { return int64(s.once.bytes) + int64(s.waiters.size) }

// StateBytes is what a State takes without keys.
var StateBytes = int64(reflect.TypeFor[State]().Size())

// NextExpiry returns when the next key is to be deleted as expired, in ms; 0 if none is.
func (s *State) NextExpiry() int64 {
	if s.limits[activeExpire] == 0 {
		return 0
	}
	_, at := s.expiry.first()
	return at
}

// NeedsLog tells that a read since ResetNeedsLog met a key whose life ends
// between the shard's clock and the time of the read, or one that has to be
// deleted first. Its reply must be thrown away, and the read sent through the
// log, which commits the time and deletes.
func (s *State) NeedsLog() bool { return s.needsLog }

// ResetNeedsLog forgets what NeedsLog tells.
func (s *State) ResetNeedsLog() { s.needsLog = false }

// NotOwned tells that the last operation had no effect and no reply, because
// its slot belongs to another shard.
func (s *State) NotOwned() bool { return s.notOwned }

// Panics counts the commands that panicked here. Each is a bug, and got an error reply.
func (s *State) Panics() uint64 { return s.panics }

// Tick deletes up to max keys that are expired at env.Now, in order of (time,
// key), and returns how many; and forgets as many old transactions. It is called at the head of every applied entry.
func (s *State) Tick(env *Env, max int) int {
	s.begin(env)
	s.once.expire(env.Now, max)
	n := 0
	s.kept = env.Keep
	for n < max && !env.Keep && s.limits[activeExpire] != 0 {
		e, at := s.expiry.first()
		if !expiredAt(at, env.Now) {
			break
		}
		if n%AheadMax == 0 {
			s.aheadOfExpiry(min(max-n, AheadMax))
		}
		s.expire(e)
		n++
	}
	s.serve()
	s.entries.reclaim()
	return n
}
