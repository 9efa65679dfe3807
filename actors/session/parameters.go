package session

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// parameters say what is so, under Redis's names: each either does what it says, or is a constant that is true of
// this server. Config.Params adds constants.
var parameters = map[string]parameter{
	"maxclients":     number(1, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.maxclients }),
	"timeout":        number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.timeout }),
	"maxmemory":      memory(func(s *settings) *atomic.Int64 { return &s.maxmemory }),
	"protected-mode": flag(func(s *settings) *atomic.Bool { return &s.protected }),
	"requirepass":    password,

	"slowlog-log-slower-than":   number(-1, 1<<62, func(s *settings) *atomic.Int64 { return &s.slowerThan }),
	"slowlog-max-len":           number(0, 1<<20, func(s *settings) *atomic.Int64 { return &s.slowMax }),
	"latency-monitor-threshold": number(0, 1<<62, func(s *settings) *atomic.Int64 { return &s.latencyLeast }),
	"latency-tracking":          flag(func(s *settings) *atomic.Bool { return &s.tracking }),

	"latency-tracking-info-percentiles": percentiles,
	"client-output-buffer-limit":        bufferLimits,
	"notify-keyspace-events":            notifications,

	// Where the node listens and keeps its data is told when it starts.
	"port": {
		get:   func(s *Server) string { return portOf(s.Addr()) },
		check: func(string) string { return "Unable to listen on this port: it is that of --listen" },
	},
	"bind":      {get: func(s *Server) string { return hostOf(s.Addr()) }, check: func(string) string { return fixed }},
	"databases": immutable("1"), "daemonize": immutable("no"), "supervised": immutable("no"), "unixsocket": immutable(""),
	"aclfile": immutable(""), "logfile": immutable(""), "pidfile": immutable(""), "replicaof": immutable(""),
	"slaveof": immutable(""), "cluster-enabled": immutable("yes"), "io-threads": immutable("1"),
	"tcp-keepalive": constant("15"), "tls-port": constant("0"), "tls-cluster": constant("no"),
	"enable-debug-command": {get: func(s *Server) string { return yesNo(s.cfg.Debug) }},

	"list-compress-depth":  number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.compressDepth }),
	"repl-backlog-size":    backlogSize,
	"aof-use-rdb-preamble": constant("yes"), // the log begins with a snapshot
	"save":                 saveParameter,

	// Every write is on the disks of a majority; snapshots are taken without being asked for.
	"appendonly":  constant("yes"),
	"appendfsync": {get: func(s *Server) string { return s.cfg.Fsync }, check: func(string) string { return fixed }},
	"masterauth":  constant(""), "masteruser": constant(""), "min-replicas-to-write": leastCopies, "min-slaves-to-write": leastCopies,
	"min-replicas-max-lag": constant(copyLag), "min-slaves-max-lag": constant(copyLag),
	"replica-read-only": constant("yes"), "slave-read-only": constant("yes"),
	"replica-serve-stale-data": constant("no"), "repl-diskless-sync": constant("no"),

	"key-load-delay": {get: func(*Server) string { return "0" }, check: func(string) string { return fixed }, hidden: true},

	"maxmemory-policy":  evictionPolicy,
	"maxmemory-samples": number(1, maxSamples, func(s *settings) *atomic.Int64 { return &s.eviction.samples }),
	"lfu-log-factor":    number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.eviction.logFactor }),
	"lfu-decay-time":    number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.eviction.decay }),
	"maxmemory-clients": clientMemory, "activedefrag": constant("no"),

	// Whatever is deleted, its memory is the garbage collector's, which nobody waits for.
	"lazyfree-lazy-eviction": constant("yes"), "lazyfree-lazy-expire": constant("yes"), "lazyfree-lazy-server-del": constant("yes"),
	"lazyfree-lazy-user-del": constant("yes"), "lazyfree-lazy-user-flush": constant("yes"),
	"proto-max-bulk-len":        constant("16777216"),
	"client-query-buffer-limit": constant("20971520"),

	"cluster-require-full-coverage": constant("no"), "cluster-allow-reads-when-down": constant("no"),
	"cluster-allow-pubsubshard-when-down": constant("yes"), "cluster-announce-hostname": constant(""),
	"cluster-preferred-endpoint-type": constant("ip"),
}

// fixed is why a parameter takes no other value than it has.
const fixed = "this server knows no other value"

// constant is a parameter with one value. To set it to that does nothing.
func constant(v string) parameter {
	return parameter{get: func(*Server) string { return v }, check: func(string) string { return fixed }}
}

// immutable is one that Redis does not let anyone set either.
func immutable(v string) parameter { return parameter{get: func(*Server) string { return v }} }

// maxPassword is the most that AUTH can bring.
const maxPassword = 16 << 10

var password = parameter{
	get: func(s *Server) string { return s.settings.password() },
	check: func(v string) string {
		if len(v) > maxPassword {
			return "argument is too long"
		}
		return ""
	},
	set: func(s *Server, v string) { s.settings.pass.Store(&v) },
}

func number(least, most int64, field func(*settings) *atomic.Int64) parameter {
	return parameter{
		get: func(s *Server) string { return strconv.FormatInt(field(&s.settings).Load(), 10) },
		check: func(v string) string {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return "argument couldn't be parsed into an integer"
			}
			if n < least || n > most {
				return "argument must be between " + strconv.FormatInt(least, 10) + " and " + strconv.FormatInt(most, 10) + " inclusive"
			}
			return ""
		},
		set: func(s *Server, v string) {
			n, _ := strconv.ParseInt(v, 10, 64)
			field(&s.settings).Store(n)
		},
	}
}

func memory(field func(*settings) *atomic.Int64) parameter {
	return parameter{
		get: func(s *Server) string { return strconv.FormatInt(field(&s.settings).Load(), 10) },
		check: func(v string) string {
			if _, ok := parseBytes(v); !ok {
				return "argument must be a memory value"
			}
			return ""
		},
		set: func(s *Server, v string) {
			n, _ := parseBytes(v)
			field(&s.settings).Store(n)
		},
	}
}

// Bounds of what a shard has in memory for its followers.
const (
	minBacklog = 16 << 10
	maxBacklog = 1 << 30
)

var backlogSize = parameter{
	get: func(s *Server) string { return strconv.FormatInt(s.settings.backlog.Load(), 10) },
	check: func(v string) string {
		switch n, ok := parseBytes(v); {
		case !ok:
			return "argument must be a memory value"
		case n < minBacklog || n > maxBacklog:
			return "argument must be between " + strconv.Itoa(minBacklog) + " and " + strconv.Itoa(maxBacklog) + " inclusive"
		}
		return ""
	},
	set: func(s *Server, v string) {
		n, _ := parseBytes(v)
		s.settings.backlog.Store(n)
	},
}

// copyLag is how many seconds ago a replica was heard of that counts for min-replicas-to-write.
const copyLag = "1"

var leastCopies = number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.leastCopies })

// LeastCopies is how many replicas beside its leader a shard led here must have to take a write. Any goroutine.
func (s *Server) LeastCopies() int { return int(s.settings.leastCopies.Load()) }

// Backlog is how many bytes of its newest entries a shard is to have in memory. Any goroutine.
func (s *Server) Backlog() int64 { return s.settings.backlog.Load() }

func flag(field func(*settings) *atomic.Bool) parameter {
	return parameter{
		get:   func(s *Server) string { return yesNo(field(&s.settings).Load()) },
		check: checkYesNo,
		set:   func(s *Server, v string) { field(&s.settings).Store(strings.EqualFold(v, "yes")) },
	}
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func checkYesNo(v string) string {
	if strings.EqualFold(v, "yes") || strings.EqualFold(v, "no") {
		return ""
	}
	return "argument must be 'yes' or 'no'"
}

// clientMemory is no limit here: what each client may have under way is bounded by itself.
var clientMemory = parameter{
	get: func(*Server) string { return "0" },
	check: func(v string) string {
		if n, ok := strings.CutSuffix(v, "%"); ok {
			if percent, err := strconv.ParseInt(n, 10, 32); err == nil && percent > 100 {
				return "percentage argument must be less or equal to 100"
			}
		}
		return fixed
	},
}

var percentiles = parameter{
	get: func(s *Server) string {
		var words []string
		for _, p := range *s.settings.percentiles.Load() {
			words = append(words, strconv.FormatFloat(p, 'g', -1, 64))
		}
		return strings.Join(words, " ")
	},
	check: func(v string) string {
		_, line := parsePercentiles(v)
		return line
	},
	set: func(s *Server, v string) {
		list, _ := parsePercentiles(v)
		s.settings.percentiles.Store(&list)
	},
}

// maxPercentiles bounds the list.
const maxPercentiles = 32

func parsePercentiles(text string) (list []float64, line string) {
	for _, word := range strings.Fields(text) {
		p, err := strconv.ParseFloat(word, 64)
		if err != nil || !(p >= 0 && p <= 100) || len(list) == maxPercentiles {
			return nil, "latency-tracking-info-percentiles should contain a numeric value between 0.0 and 100.0"
		}
		list = append(list, p)
	}
	return list, ""
}

var bufferLimits = parameter{
	get: func(s *Server) string { return s.settings.limits.Load().text() },
	check: func(v string) string {
		_, line := parseOutputLimits(v, outputLimits{})
		return line
	},
	set: func(s *Server, v string) {
		limits, _ := parseOutputLimits(v, *s.settings.limits.Load())
		s.settings.limits.Store(&limits)
	},
}
