package actors

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/troupedb/troupe/actors/clock"
	"github.com/troupedb/troupe/actors/gateway"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/actors/timing"
)

// metrics collects the node's figures when they are asked for; nothing is kept for it in between.
type metrics struct {
	n    *Node
	http *gateway.Handler
}

func shardDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("troupe_shard_"+name, help, []string{"shard"}, nil)
}

func commandDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("troupe_command_"+name, help, []string{"command"}, nil)
}

func nodeDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("troupe_"+name, help, nil, nil)
}

var (
	descLeader    = shardDesc("leader", "1 where this node leads the shard.")
	descTerm      = shardDesc("raft_term", "Raft term of the shard's replica here.")
	descLast      = shardDesc("raft_last_index", "Last log index.")
	descCommit    = shardDesc("raft_commit_index", "Commit index.")
	descApplied   = shardDesc("raft_applied_index", "Applied index.")
	descSnapshot  = shardDesc("raft_snapshot_index", "Index of the newest snapshot on disk.")
	descKeys      = shardDesc("keys", "Keys in the shard.")
	descBytes     = shardDesc("bytes", "Estimated bytes of the shard's data.")
	descElections = shardDesc("elections_total", "Elections won by the replica here.")
	descProposals = shardDesc("entries_proposed_total", "Log entries proposed here.")
	descOps       = shardDesc("operations_proposed_total", "Operations in the entries proposed here.")
	descRounds    = shardDesc("read_rounds_total", "ReadIndex rounds of the reads here.")
	descReads     = shardDesc("operations_read_total", "Operations read through ReadIndex rounds.")
	descQueued    = shardDesc("operations_in_flight", "Operations admitted and not yet answered.")
	descHigh      = shardDesc("operations_in_flight_max", "Most operations admitted at one time.")
	descDropped   = shardDesc("messages_dropped_total", "Messages of other nodes dropped for want of room in the mailbox.")
	descCommitted = shardDesc("commit_seconds", "Time of an entry from its proposal here until it was known to be committed.")
	descApply     = shardDesc("apply_seconds", "Time from when entries were known to be committed until they were applied here.")
	descRefused   = prometheus.NewDesc("troupe_shard_operations_refused_total", "Operations not done, by cause.", []string{"shard", "cause"}, nil)

	descReady    = nodeDesc("ready", "1 when every slot has a leader known here.")
	descNodes    = nodeDesc("nodes", "Nodes of the cluster that are alive as seen here.")
	descOffset   = nodeDesc("clock_offset_seconds", "How far the wall clock is ahead of the time that most nodes agree on; 0 where there is none.")
	descVerdict  = prometheus.NewDesc("troupe_clock", "1 for what the nodes' clocks say of this one's.", []string{"verdict"}, nil)
	descWaiting  = nodeDesc("forward_operations_in_flight", "Operations that wait for the answer of another node.")
	descAsked    = nodeDesc("forward_batches_asked_total", "Batches sent to the leader's node.")
	descLost     = nodeDesc("forward_batches_lost_total", "Of these, without an answer.")
	descServed   = nodeDesc("forward_batches_served_total", "Batches carried out here for other nodes.")
	descMost     = nodeDesc("forward_operations_in_flight_max", "Most operations that waited for other nodes at one time.")
	descBlocked  = nodeDesc("forward_blocked", "Commands that block, and WAITs, that wait on other nodes.")
	descBlocks   = nodeDesc("forward_blocked_max", "Most of these at one time.")
	descLinks    = nodeDesc("link_queued_bytes", "Bytes that wait to be sent to other nodes.")
	descLinkMost = nodeDesc("link_queued_bytes_max", "Most bytes that waited for one node at one time.")
	descMailbox  = prometheus.NewDesc("troupe_mailbox_messages_max", "Most messages that waited for an actor at one time.", []string{"actor"}, nil)
	descRequest  = prometheus.NewDesc("troupe_request_seconds", "Time that shards took for what a client sent in one go, commands that block left out.", []string{"kind"}, nil)
	descFiles    = prometheus.NewDesc("troupe_link_snapshots_total", "Snapshot files, by what became of them.", []string{"outcome"}, nil)
	descSync     = nodeDesc("log_sync_seconds", "Time of a synced commit of the durable log.")
	descSyncs    = nodeDesc("log_syncs_total", "Synced commits of the durable log.")
	descCommits  = nodeDesc("log_commits_total", "Commits of the durable log, synced or not.")
	descEntries  = nodeDesc("log_entries_total", "Entries appended to the durable log.")
	descWritten  = nodeDesc("log_bytes_total", "Bytes of entry data appended to the durable log.")
	descAsync    = nodeDesc("log_async_writes_total", "Writes of the durable log that the kernel made while no thread waited.")
	descCommand  = commandDesc("seconds", "Time that a command took where it was carried out.")
	descFailed   = commandDesc("failed_total", "Commands answered an error.")
	descRejected = commandDesc("rejected_total", "Commands that were not carried out.")
	descHTTP     = prometheus.NewDesc("troupe_http_request_seconds", "Time of requests over HTTP, once they have arrived; of those refused from their head, with what they were made to wait.", []string{"outcome"}, nil)
	descHTTPNow  = nodeDesc("http_requests_in_flight", "Requests over HTTP that are carried out, or wait for their turn.")
	descHTTPMost = nodeDesc("http_requests_in_flight_max", "Most of these at one time.")
	descBodies   = nodeDesc("http_bytes", "Bytes that requests over HTTP and their answers hold.")
	descBodyMost = nodeDesc("http_bytes_max", "Most of these at one time.")
	descBodyEnd  = nodeDesc("http_bytes_limit", "How many these may be.")
	descCrowded  = nodeDesc("http_bytes_refused_total", "How often there was no room for more.")
	descStreams  = nodeDesc("http_streams", "Streams of events that are open.")
	descFree     = nodeDesc("disk_free_bytes", "Free bytes of the data directory's file system.")
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	routes := m.n.routes.Load()
	for id, h := range routes.Handles {
		collectShard(ch, strconv.Itoa(int(id)), h)
	}
	gauge(ch, descReady, float(routes.Served()))
	gauge(ch, descNodes, float64(len(routes.Nodes)-len(routes.Down)))
	m.collectClock(ch)
	m.collectForward(ch)
	m.collectLinks(ch)
	m.collectQueues(ch)
	m.collectLog(ch)
	m.collectCommands(ch)
	m.collectHTTP(ch)
}

func (m *metrics) collectHTTP(ch chan<- prometheus.Metric) {
	s := m.http.Stats()
	timed(ch, descHTTP, s.Answered, "answered")
	timed(ch, descHTTP, s.Refused, "refused")
	gauge(ch, descHTTPNow, float64(s.Requests))
	gauge(ch, descHTTPMost, float64(s.MostRequests))
	gauge(ch, descBodies, float64(s.Bytes))
	gauge(ch, descBodyMost, float64(s.MostBytes))
	gauge(ch, descBodyEnd, float64(s.MaxBytes))
	counter(ch, descCrowded, s.Crowded)
	gauge(ch, descStreams, float64(s.Streams))
}

func (m *metrics) collectCommands(ch chan<- prometheus.Metric) {
	for _, c := range m.n.sessions.Commands() {
		counter(ch, descFailed, c.Failed, c.Name)
		counter(ch, descRejected, c.Rejected, c.Name)
		histogram(ch, descCommand, c.Calls, c.Time, session.CommandBounds[:], c.Counts[:], c.Name)
	}
	reads, writes := m.n.sessions.RequestTimes()
	timed(ch, descRequest, reads, "read")
	timed(ch, descRequest, writes, "write")
}

// collectLinks counts a file that cannot be read among those that failed as well.
func (m *metrics) collectLinks(ch chan<- prometheus.Metric) {
	s := m.n.links.Stats()
	gauge(ch, descLinks, float64(s.Queued))
	gauge(ch, descLinkMost, float64(s.QueuedMost))
	counter(ch, descFiles, s.FilesSent, "sent")
	counter(ch, descFiles, s.FilesReceived, "received")
	counter(ch, descFiles, s.FilesFailed, "failed")
	counter(ch, descFiles, s.FilesUnreadable, "unreadable")
}

// collectQueues tells of the mailboxes of the node's own actors; those of all sessions are told of as one.
func (m *metrics) collectQueues(ch chan<- prometheus.Metric) {
	for name, high := range m.n.queues {
		gauge(ch, descMailbox, float64(high.Load()), name)
	}
	gauge(ch, descMailbox, float64(m.n.sessions.Queue()), "session")
}

func (m *metrics) collectForward(ch chan<- prometheus.Metric) {
	s := m.n.forward.Stats()
	gauge(ch, descWaiting, float64(s.Waiting))
	gauge(ch, descMost, float64(s.Most))
	gauge(ch, descBlocked, float64(s.Blocked))
	gauge(ch, descBlocks, float64(s.MostBlocked))
	counter(ch, descAsked, s.Asked)
	counter(ch, descLost, s.Lost)
	counter(ch, descServed, s.Served)
}

func (m *metrics) collectClock(ch chan<- prometheus.Metric) {
	now := m.n.time.now()
	gauge(ch, descOffset, float64(now.Offset())/1000)
	for v := clock.Unknown; v <= clock.Differs; v++ {
		gauge(ch, descVerdict, float(v == now.Verdict()), v.String())
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

// timed sends what a timing.Histogram has counted.
func timed(ch chan<- prometheus.Metric, d *prometheus.Desc, c timing.Counts, labels ...string) {
	histogram(ch, d, c.Count, c.Sum, timing.Bounds[:], c.Below[:], labels...)
}

func histogram(ch chan<- prometheus.Metric, d *prometheus.Desc, n uint64, sum time.Duration, bounds []time.Duration, below []uint64, labels ...string) {
	buckets := make(map[float64]uint64, len(bounds))
	for i, bound := range bounds {
		buckets[bound.Seconds()] = below[i]
	}
	ch <- prometheus.MustNewConstHistogram(d, n, sum.Seconds(), buckets, labels...)
}

func float(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func collectShard(ch chan<- prometheus.Metric, shard string, h *replica.Handle) {
	v, g := h.Gauges.View(), h.Gauges
	gauge(ch, descLeader, float(v.Role == replica.RoleLeader), shard)
	gauge(ch, descTerm, float64(v.Term), shard)
	gauge(ch, descLast, float64(v.Last), shard)
	gauge(ch, descCommit, float64(v.Commit), shard)
	gauge(ch, descApplied, float64(v.Applied), shard)
	gauge(ch, descSnapshot, float64(v.Snapshot), shard)
	gauge(ch, descKeys, float64(v.Keys), shard)
	gauge(ch, descBytes, float64(v.Bytes), shard)
	counter(ch, descElections, g.Elections.Load(), shard)
	counter(ch, descProposals, g.Proposals.Load(), shard)
	counter(ch, descOps, g.Ops.Load(), shard)
	counter(ch, descRounds, g.Rounds.Load(), shard)
	counter(ch, descReads, g.Reads.Load(), shard)
	counter(ch, descDropped, g.Dropped.Load(), shard)
	used, _ := h.Budget.InUse()
	high, _ := h.Budget.HighWater()
	gauge(ch, descQueued, float64(used), shard)
	gauge(ch, descHigh, float64(high), shard)
	gauge(ch, descMailbox, float64(g.Queue.Load()), "shard/"+shard)
	gauge(ch, descMailbox, float64(g.ApplyQueue.Load()), "apply/"+shard)
	timed(ch, descCommitted, g.CommitTime.Counts(), shard)
	timed(ch, descApply, g.ApplyTime.Counts(), shard)
	for _, s := range refusals {
		counter(ch, descRefused, g.Refused[s].Load(), shard, s.String())
	}
}

// refusals are the statuses of batches that were not done, for descRefused.
var refusals = []replica.Status{
	replica.Moved, replica.Down, replica.TryAgain, replica.Unknown, replica.Misconf, replica.OOM, replica.NoReplicas,
}

func (m *metrics) collectLog(ch chan<- prometheus.Metric) {
	s := m.n.store.Stats()
	counter(ch, descCommits, s.Commits)
	counter(ch, descSyncs, s.Syncs)
	counter(ch, descEntries, s.Entries)
	counter(ch, descWritten, s.Bytes)
	counter(ch, descAsync, s.Async)
	gauge(ch, descFree, float64(m.n.store.Space().Free))
	timed(ch, descSync, s.SyncTime)
}
