package session

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/keyspace/hll"
)

// ownCommand carries out a command of the session itself: it writes the reply to seg.local, or notes a
// place of its own.
type ownCommand struct {
	run  func(s *session, args [][]byte)
	sees condition
}

// condition tells whether a command must wait for the answers to those before it. nil: never.
type condition func(s *session) bool

// all is for commands that must see the effect of all commands before them.
func all(s *session) bool { return s.seg.pending() || s.seg.outstanding > 0 }

// alone is for commands that keep what is behind them waiting: what is before them is written first.
func alone(s *session) bool { return len(s.seg.places) > 0 }

// watches is for EXEC, which must know what WATCH found.
func watches(s *session) bool { return s.watch.pending > 0 }

// ownCommands are by full name. Filled by init, for some of them look commands up.
var ownCommands map[string]ownCommand

func init() {
	ownCommands = map[string]ownCommand{
		"ping": {run: ping}, "echo": {run: echo}, "quit": {run: quit}, "select": {run: selectDB}, "time": {run: tellTime},
		"hello": {hello, all}, "auth": {auth, all}, "reset": {reset, all},
		"readonly": {run: readonly}, "readwrite": {run: readwrite}, "asking": {run: asking},

		"multi": {run: multi}, "exec": {execute, watches}, "discard": {run: discard}, "watch": {run: watchKeys}, "unwatch": {run: unwatch},

		"dbsize": {run: dbsize}, "keys": {run: keys}, "randomkey": {run: randomkey}, "scan": {run: scan},
		"migrate":  {migrateKeys, alone},
		"flushall": {run: flush}, "flushdb": {run: flush}, "wait": {wait, alone}, "waitaof": {waitAOF, alone},

		"client|id": {run: clientID}, "client|getname": {run: clientGetName}, "client|setname": {run: clientSetName},
		"client|setinfo": {run: clientSetInfo}, "client|info": {run: clientInfo}, "client|list": {run: clientList},
		"client|kill": {clientKill, all}, "client|unblock": {clientUnblock, all}, "client|no-evict": {run: clientNoEvict}, "client|no-touch": {run: clientNoTouch},
		"client|once": {run: clientOnce}, "client|reply": {run: clientReply}, "client|route": {clientRoute, all}, "client|help": {run: help}, "client|pause": {run: clientPause}, "client|unpause": {run: clientUnpause},

		"subscribe": {subscribe, alone}, "unsubscribe": {unsubscribe, alone}, "psubscribe": {psubscribe, alone},
		"punsubscribe": {punsubscribe, alone}, "ssubscribe": {ssubscribe, alone}, "sunsubscribe": {sunsubscribe, alone},
		"publish": {run: publish}, "spublish": {run: spublish}, "pubsub|channels": {run: pubsubChannels},
		"pubsub|numsub": {run: pubsubNumSub}, "pubsub|numpat": {run: pubsubNumPat}, "pubsub|help": {run: help},
		"pubsub|shardchannels": {run: pubsubShardChannels}, "pubsub|shardnumsub": {run: pubsubShardNumSub},

		"monitor": {monitor, all}, "slowlog|get": {slowlogGet, all}, "slowlog|len": {slowlogLen, all}, "slowlog|reset": {slowlogReset, all},
		"slowlog|help": {run: help}, "latency|latest": {latencyLatest, all}, "latency|history": {latencyHistory, all},
		"latency|reset": {latencyReset, all}, "latency|histogram": {latencyHistogram, all}, "latency|doctor": {run: latencyDoctor},
		"latency|help": {run: help}, "lolwut": {run: lolwut},

		"command": {run: command}, "command|count": {run: command}, "command|docs": {run: command},
		"command|getkeys": {run: command}, "command|getkeysandflags": {run: command}, "command|help": {run: command},
		"command|info": {run: command}, "command|list": {run: command},

		"config|get": {configGet, all}, "config|set": {configSet, all}, "config|resetstat": {resetStat, all},
		"config|rewrite": {run: rewriteConfig},
		"config|help":    {run: help},

		"save": {save, all}, "bgsave": {bgsave, all}, "bgrewriteaof": {run: bgRewriteAOF}, "lastsave": {lastSave, all},
		"shutdown": {shutdown, alone},

		"info": {info, all}, "debug": {run: debugCommand}, "pfselftest": {run: selfTest},
		"memory|doctor": {run: memoryDoctor}, "memory|stats": {memoryStats, all}, "memory|purge": {run: memoryPurge}, "memory|malloc-stats": {run: memoryMalloc}, "memory|help": {run: help}, "object|help": {run: help}, "xgroup|help": {run: help}, "xinfo|help": {run: help},

		"cluster|countkeysinslot": {run: clusterCountKeysInSlot}, "cluster|getkeysinslot": {run: clusterGetKeysInSlot},
		"cluster|help": {run: help}, "cluster|count-failure-reports": {run: clusterFailureReports}, "cluster|slaves": {run: clusterReplicas}, "cluster|info": {run: clusterInfo}, "cluster|keyslot": {run: clusterKeySlot},
		"cluster|links": {run: clusterLinks}, "cluster|myid": {run: clusterMyID},
		"cluster|myshardid": {run: clusterMyShardID}, "cluster|nodes": {run: clusterNodes},
		"cluster|replicas": {run: clusterReplicas}, "cluster|shards": {run: clusterShards},
		"cluster|slots": {run: clusterSlots},
	}
}

// notInTx are commands of the session that wait for what only others can bring, which none inside a transaction can.
var notInTx = map[string]bool{"wait": true, "waitaof": true, "client|unblock": true, "migrate": true}

const (
	errSyntax     = "ERR syntax error"
	errNotInteger = "ERR value is not an integer or out of range"
)

func ping(s *session, args [][]byte) {
	if s.proto == 2 && s.info.subscriptions() > 0 && len(args) <= 2 {
		s.seg.local.Array(2)
		s.seg.local.BulkString("pong")
		s.seg.local.Bulk(slices.Concat(args[1:]...))
		return
	}
	switch len(args) {
	case 1:
		s.seg.local.Simple("PONG")
	case 2:
		s.seg.local.Bulk(args[1])
	default:
		s.seg.local.Error("ERR wrong number of arguments for 'ping' command")
	}
}

func echo(s *session, args [][]byte) { s.seg.local.Bulk(args[1]) }

func quit(s *session, _ [][]byte) {
	s.closing = true
	s.seg.local.OK()
}

func selectDB(s *session, args [][]byte) {
	switch n, err := strconv.ParseInt(string(args[1]), 10, 32); {
	case err != nil:
		s.seg.local.Error(errNotInteger)
	case n != 0:
		s.seg.local.Error("ERR SELECT is not allowed in cluster mode")
	default:
		s.seg.local.OK()
	}
}

func tellTime(s *session, _ [][]byte) {
	now := time.Now()
	s.seg.local.Array(2)
	s.seg.local.BulkString(strconv.FormatInt(now.Unix(), 10))
	s.seg.local.BulkString(strconv.Itoa(now.Nanosecond() / 1000))
}

func readonly(s *session, _ [][]byte)  { s.setReadonly(true) }
func readwrite(s *session, _ [][]byte) { s.setReadonly(false) }

func (s *session) setReadonly(on bool) {
	s.readonly = on
	s.info.setFlag(flagReadonly, on)
	s.seg.local.OK()
}

// asking is for a slot on its way to another node. Here a slot moves in one step, and there is nothing
// to ask for.
func asking(s *session, _ [][]byte) { s.seg.local.OK() }

func command(s *session, args [][]byte) { keyspace.WriteCommand(&s.seg.local, args) }

func help(s *session, args [][]byte) { keyspace.Lookup(args[0]).WriteHelp(&s.seg.local) }

// selfTest tests how HyperLogLogs estimate, on this node's processor.
func selfTest(s *session, _ [][]byte) {
	const elements = 1_000_000 // takes a fraction of a second
	if err := hll.SelfTest(elements, rand.Uint64()); err != nil {
		s.seg.local.Error("TESTFAILED " + err.Error())
		return
	}
	s.seg.local.OK()
}
