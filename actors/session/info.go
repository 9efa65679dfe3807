package session

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// section is a section of INFO.
type section struct {
	name, title string
	write       func(s *session, w *infoWriter)
	quiet       bool // only with "all" or by name
}

var sections = []section{
	{name: "server", title: "Server", write: infoServer},
	{name: "clients", title: "Clients", write: infoClients},
	{name: "memory", title: "Memory", write: infoMemory},
	{name: "persistence", title: "Persistence", write: infoPersistence},
	{name: "stats", title: "Stats", write: infoStats},
	{name: "replication", title: "Replication", write: infoReplication},
	{name: "cpu", title: "CPU", write: infoCPU},
	{name: "modules", title: "Modules", write: func(*session, *infoWriter) {}},
	{name: "commandstats", title: "Commandstats", write: infoCommandStats, quiet: true},
	{name: "errorstats", title: "Errorstats", write: infoErrorStats},
	{name: "latencystats", title: "Latencystats", write: infoLatencyStats, quiet: true},
	{name: "cluster", title: "Cluster", write: infoCluster},
	{name: "keyspace", title: "Keyspace", write: infoKeyspace},
	{name: "shards", title: "Shards", write: infoShards},
	{name: "clock", title: "Clock", write: infoClock},
}

// infoWriter writes lines of the form name:value.
type infoWriter struct{ strings.Builder }

func (w *infoWriter) line(name string, value any) { fmt.Fprintf(w, "%s:%v\r\n", name, value) }

func info(s *session, args [][]byte) {
	var w infoWriter
	for i := range sections {
		if sec := &sections[i]; sec.wanted(args[1:]) {
			if w.Len() > 0 {
				w.WriteString("\r\n")
			}
			w.WriteString("# " + sec.title + "\r\n")
			sec.write(s, &w)
		}
	}
	s.seg.local.Verbatim("txt", w.String())
}

func (sec *section) wanted(names [][]byte) bool {
	if len(names) == 0 {
		return !sec.quiet
	}
	return slices.ContainsFunc(names, func(n []byte) bool {
		return resp.Is(n, sec.name) || resp.Is(n, "all") || resp.Is(n, "everything") || resp.Is(n, "default") && !sec.quiet
	})
}

func infoServer(s *session, w *infoWriter) {
	now := time.Now()
	up := int64(now.Sub(s.srv.started).Seconds())
	w.line("redis_version", RedisVersion)
	w.line("troupe_version", s.srv.troupeVersion())
	w.line("redis_mode", "cluster")
	w.line("os", runtime.GOOS+" "+runtime.GOARCH)
	w.line("arch_bits", 32<<(^uint(0)>>63))
	w.line("go_version", runtime.Version())
	w.line("multiplexing_api", "go")
	w.line("process_id", os.Getpid())
	w.line("run_id", s.srv.runID)
	w.line("tcp_port", portOf(s.srv.Addr()))
	w.line("server_time_usec", now.UnixMicro())
	w.line("uptime_in_seconds", up)
	w.line("uptime_in_days", up/(24*3600))
	w.line("node_id", s.routes.Self.ID)
	w.line("node_name", s.routes.Self.Name)
	w.line("zone", s.routes.Self.Zone)
	w.line("listener0", "name=tcp,bind="+hostOf(s.srv.Addr())+",port="+portOf(s.srv.Addr()))
}

func infoClients(s *session, w *infoWriter) {
	blocked := 0
	for _, c := range s.srv.clients.all() {
		if c.blocked.Load() {
			blocked++
		}
	}
	w.line("connected_clients", s.srv.clients.count())
	w.line("cluster_connections", max(0, len(s.routes.Nodes)-1-len(s.routes.Down)))
	w.line("maxclients", s.srv.settings.maxclients.Load())
	w.line("blocked_clients", blocked)
	w.line("total_blocking_keys", s.sumLed(func(g *replica.Gauges) uint64 { return uint64(g.Blocking.Load()) }))
	w.line("total_blocking_keys_on_nokey", s.sumLed(func(g *replica.Gauges) uint64 { return uint64(g.BlockingGone.Load()) }))
	w.line("pubsub_clients", s.srv.cfg.PubSub().Clients)
	w.line("tracking_clients", 0)
	w.line("clients_in_timeout_table", 0)
}

func infoStats(s *session, w *infoWriter) {
	st, ps := &s.srv.stats, s.srv.cfg.PubSub()
	ops, in, out := st.rates.perSecond()
	w.line("total_connections_received", st.conns.Load())
	w.line("total_commands_processed", st.commands.Load())
	w.line("instantaneous_ops_per_sec", int64(ops))
	w.line("total_net_input_bytes", st.bytesIn.Load())
	w.line("total_net_output_bytes", st.bytesOut.Load())
	fmt.Fprintf(w, "instantaneous_input_kbps:%.2f\r\ninstantaneous_output_kbps:%.2f\r\n", in, out)
	w.line("rejected_connections", st.rejectedConns.Load())
	w.line("pubsub_channels", ps.Channels)
	w.line("pubsub_patterns", ps.Patterns)
	w.line("pubsubshard_channels", ps.ShardChannels)
	w.line("expired_keys", s.sumLed(func(g *replica.Gauges) uint64 { return g.Expired.Load() }))
	w.line("keyspace_hits", s.sumLed(func(g *replica.Gauges) uint64 { return g.Hits.Load() }))
	w.line("keyspace_misses", s.sumLed(func(g *replica.Gauges) uint64 { return g.Misses.Load() }))
	w.line("evicted_keys", s.sumLed(func(g *replica.Gauges) uint64 { return g.Evicted.Load() }))
	w.line("evicted_clients", 0)
	w.line("client_output_buffer_limit_disconnections", st.overflows.Load())
	w.line("migrate_cached_sockets", 0) // each MIGRATE makes a connection of its own
	w.line("slowlog_entries", s.srv.slow.len())
	w.line("tracking_total_keys", 0)
	w.line("total_error_replies", st.errors.Load())
	w.line("acl_access_denied_auth", st.authFailures.Load())
	w.line("total_segments", st.segments.Load())
	w.line("total_batches", st.batches.Load())
	w.line("total_batched_operations", st.batchOps.Load())
}

// sumLed adds up a figure of the shards led here.
func (s *session) sumLed(of func(*replica.Gauges) uint64) (sum uint64) {
	for _, h := range s.routes.Led() {
		sum += of(h.Gauges)
	}
	return sum
}

// sum adds up a figure of all shards here.
func (s *session) sum(of func(*replica.Gauges) uint64) (sum uint64) {
	for _, h := range s.routes.Handles {
		sum += of(h.Gauges)
	}
	return sum
}

// infoReplication says master, as every node is to clients. The offset counts entries, of all shards here.
func infoReplication(s *session, w *infoWriter) {
	offset := uint64(0)
	for _, h := range s.routes.Handles {
		offset += h.Gauges.Commit.Load()
	}
	w.line("role", "master")
	w.line("connected_slaves", 0)
	w.line("master_failover_state", "no-failover")
	w.line("master_replid", s.srv.runID)
	w.line("master_repl_offset", offset)
}

func infoCommandStats(s *session, w *infoWriter) {
	for _, v := range s.srv.stats.verbs() {
		st := &v.stat
		calls, usec := st.calls.Load(), st.nanos.Load()/1000
		if calls+st.rejected.Load() == 0 {
			continue
		}
		fmt.Fprintf(w, "cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n",
			v.cmd.FullName(), calls, usec, float64(usec)/float64(max(calls, 1)), st.rejected.Load(), st.failed.Load())
	}
}

func infoErrorStats(s *session, w *infoWriter) {
	for _, e := range s.srv.stats.errorCodes() {
		fmt.Fprintf(w, "errorstat_%s:count=%d\r\n", e.code, e.n)
	}
}

func infoLatencyStats(s *session, w *infoWriter) {
	percentiles := *s.srv.settings.percentiles.Load()
	for _, v := range s.srv.stats.verbs() {
		if v.stat.times.n.Load() == 0 {
			continue
		}
		var parts []string
		for _, p := range percentiles {
			parts = append(parts, fmt.Sprintf("p%g=%.3f", p, v.stat.times.percentile(p).Seconds()*1e6))
		}
		fmt.Fprintf(w, "latency_percentiles_usec_%s:%s\r\n", v.cmd.FullName(), strings.Join(parts, ","))
	}
}

func infoCluster(s *session, w *infoWriter) {
	w.line("cluster_enabled", 1)
	w.line("cluster_id", s.routes.Cluster)
}

// infoKeyspace counts the keys of the shards led here, as DBSIZE does.
func infoKeyspace(s *session, w *infoWriter) {
	var keys, expires int64
	for _, h := range s.routes.Led() {
		keys += h.Gauges.Keys.Load()
		expires += h.Gauges.Expires.Load()
	}
	if keys > 0 {
		fmt.Fprintf(w, "db0:keys=%d,expires=%d,avg_ttl=0\r\n", keys, expires)
	}
}

// infoClock tells how the wall clock stands to the time that most nodes agree on.
func infoClock(s *session, w *infoWriter) {
	now := s.srv.cfg.Clock()
	w.line("clock_verdict", now.Verdict())
	w.line("clock_offset_ms", now.Offset())
	w.line("clocks_known", now.Agreed.Told)
	w.line("clock_nodes", now.Agreed.Nodes)
}

// infoShards tells of each replica on this node, in the words of Raft.
func infoShards(s *session, w *infoWriter) {
	ids := make([]slotmap.ShardID, 0, len(s.routes.Handles))
	for id := range s.routes.Handles {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		h := s.routes.Handles[id]
		v := h.Gauges.View()
		inFlight, _ := h.Budget.InUse()
		fmt.Fprintf(w, "shard%d:slots=%s,role=%s,leader=%s,term=%d,last=%d,commit=%d,applied=%d,snapshot=%d,"+
			"replica=%d,voters=%d,learners=%d,keys=%d,expires=%d,bytes=%d,in_flight=%d\r\n",
			id, slotsText(s.routes.Map.RunsOf(id)), v.Role, leaderText(v), v.Term, v.Last, v.Commit, v.Applied, v.Snapshot,
			v.Replica, v.Voters, v.Learners, v.Keys, v.Expires, v.Bytes, inFlight)
	}
}

func leaderText(v replica.View) string {
	if v.LeaderNode.IsZero() {
		return "none"
	}
	return v.LeaderNode.String()
}

// slotsText joins ranges by '+', for a comma would end the field.
func slotsText(runs []slotmap.Run) string {
	if len(runs) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, r := range runs {
		if i > 0 {
			b.WriteByte('+')
		}
		b.WriteString(served{Range: r.Range}.text())
	}
	return b.String()
}
