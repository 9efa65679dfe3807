package keyspace

// handlers carry out the commands of a shard, by full lower-case name. The
// command table binds them.
var handlers = map[string]handler{
	"append":      appendString,
	"decr":        incrBy(-1),
	"decrby":      decrby,
	"get":         get,
	"getdel":      getdel,
	"getex":       getex,
	"getrange":    getrange,
	"getset":      getset,
	"incr":        incrBy(1),
	"incrby":      incrby,
	"incrbyfloat": incrbyfloat,
	"lcs":         lcs,
	"mget":        mget,
	"mset":        mset,
	"msetnx":      msetnx,
	"psetex":      setex("px"),
	"set":         set,
	"setex":       setex("ex"),
	"setnx":       setnx,
	"setrange":    setrange,
	"strlen":      strlen,
	"substr":      getrange,

	"hdel":         hdel,
	"hexists":      hexists,
	"hget":         hget,
	"hgetall":      hgetall,
	"hincrby":      hincrby,
	"hincrbyfloat": hincrbyfloat,
	"hkeys":        hkeys,
	"hlen":         hlen,
	"hmget":        hmget,
	"hmset":        hmset,
	"hrandfield":   hrandfield,
	"hscan":        hscan,
	"hset":         hset,
	"hsetnx":       hsetnx,
	"hstrlen":      hstrlen,
	"hvals":        hvals,

	"sadd":        sadd,
	"scard":       scard,
	"sdiff":       setAlgebra(difference),
	"sdiffstore":  storeAlgebra(difference, "sdiffstore"),
	"sinter":      setAlgebra(intersection),
	"sintercard":  sintercard,
	"sinterstore": storeAlgebra(intersection, "sinterstore"),
	"sismember":   sismember,
	"smembers":    smembers,
	"smismember":  smismember,
	"smove":       smove,
	"spop":        spop,
	"srandmember": srandmember,
	"srem":        srem,
	"sscan":       sscan,
	"sunion":      setAlgebra(union),
	"sunionstore": storeAlgebra(union, "sunionstore"),

	"bitcount":    bitcount,
	"bitfield":    bitfield,
	"bitfield_ro": bitfieldRO,
	"bitop":       bitop,
	"bitpos":      bitpos,
	"getbit":      getbit,
	"setbit":      setbit,

	"blmove":     blmove,
	"blmpop":     blmpop,
	"blpop":      blockingPop(left),
	"brpop":      blockingPop(right),
	"brpoplpush": brpoplpush,
	"lindex":     lindex,
	"linsert":    linsert,
	"llen":       llen,
	"lmove":      lmove,
	"lmpop":      lmpop,
	"lpop":       popList(left),
	"lpos":       lpos,
	"lpush":      push(left, false),
	"lpushx":     push(left, true),
	"lrange":     lrange,
	"lrem":       lrem,
	"lset":       lset,
	"ltrim":      ltrim,
	"rpop":       popList(right),
	"rpoplpush":  rpoplpush,
	"rpush":      push(right, false),
	"rpushx":     push(right, true),

	"bzmpop":           bzmpop,
	"bzpopmax":         bzpop(true),
	"bzpopmin":         bzpop(false),
	"zadd":             zadd,
	"zcard":            zcard,
	"zcount":           zcount(byScore),
	"zdiff":            zsetAlgebra(zdiff),
	"zdiffstore":       storeScores(zdiff, "zdiffstore"),
	"zincrby":          zincrby,
	"zinter":           zsetAlgebra(zinter),
	"zintercard":       zintercard,
	"zinterstore":      storeScores(zinter, "zinterstore"),
	"zlexcount":        zcount(byLex),
	"zmpop":            zmpop,
	"zmscore":          zmscore,
	"zpopmax":          zpop(true),
	"zpopmin":          zpop(false),
	"zrandmember":      zrandmember,
	"zrange":           zrangeOf(rangeOptions{}),
	"zrangebylex":      zrangeOf(rangeOptions{by: byLex, fixed: true}),
	"zrangebyscore":    zrangeOf(rangeOptions{by: byScore, fixed: true}),
	"zrangestore":      zrangestore,
	"zrank":            zrank(false),
	"zrem":             zrem,
	"zremrangebylex":   zremrange(byLex, "zremrangebylex"),
	"zremrangebyrank":  zremrange(byRank, "zremrangebyrank"),
	"zremrangebyscore": zremrange(byScore, "zremrangebyscore"),
	"zrevrange":        zrangeOf(rangeOptions{by: byRank, reverse: true, fixed: true}),
	"zrevrangebylex":   zrangeOf(rangeOptions{by: byLex, reverse: true, fixed: true}),
	"zrevrangebyscore": zrangeOf(rangeOptions{by: byScore, reverse: true, fixed: true}),
	"zrevrank":         zrank(true),
	"zscan":            zscan,
	"zscore":           zscore,
	"zunion":           zsetAlgebra(zunion),
	"zunionstore":      storeScores(zunion, "zunionstore"),

	"geoadd":               geoadd,
	"geodist":              geodist,
	"geohash":              geohashes,
	"geopos":               geopos,
	"georadius":            geosearchOf(geoForm{around: aroundPlace, stores: true}),
	"georadius_ro":         geosearchOf(geoForm{around: aroundPlace}),
	"georadiusbymember":    geosearchOf(geoForm{around: aroundMember, stores: true}),
	"georadiusbymember_ro": geosearchOf(geoForm{around: aroundMember}),
	"geosearch":            geosearchOf(geoForm{}),
	"geosearchstore":       geosearchOf(geoForm{stores: true}),

	"pfadd":   pfadd,
	"pfcount": pfcount,
	"pfdebug": pfdebug,
	"pfmerge": pfmerge,

	"xack":                  xack,
	"xadd":                  xadd,
	"xautoclaim":            xautoclaim,
	"xclaim":                xclaim,
	"xdel":                  xdel,
	"xgroup|create":         xgroupCreate,
	"xgroup|createconsumer": xgroupCreateConsumer,
	"xgroup|delconsumer":    xgroupDelConsumer,
	"xgroup|destroy":        xgroupDestroy,
	"xgroup|setid":          xgroupSetID,
	"xinfo|consumers":       xinfoConsumers,
	"xinfo|groups":          xinfoGroups,
	"xinfo|stream":          xinfoStream,
	"xlen":                  xlen,
	"xpending":              xpending,
	"xrange":                xrange,
	"xread":                 xread,
	"xreadgroup":            xreadgroup,
	"xrevrange":             xrevrange,
	"xsetid":                xsetid,
	"xtrim":                 xtrim,

	"copy":            copyKey,
	"dbsize":          dbsize,
	"del":             del,
	"dump":            dump,
	"exists":          exists,
	"expire":          expire(inSeconds),
	"expireat":        expire(atSeconds),
	"expiretime":      ttl(atSeconds),
	"flushall":        flush,
	"flushdb":         flush,
	"keys":            keys,
	"memory|usage":    memoryUsage,
	"move":            moveKey,
	"object|encoding": objectEncoding,
	"object|freq":     objectFreq,
	"object|idletime": objectIdletime,
	"object|refcount": objectRefcount,
	"persist":         persist,
	"pexpire":         expire(inMillis),
	"pexpireat":       expire(atMillis),
	"pexpiretime":     ttl(atMillis),
	"pttl":            ttl(inMillis),
	"randomkey":       randomkey,
	"rename":          rename,
	"renamenx":        renamenx,
	"restore":         restoreKey,
	"restore-asking":  restoreKey,
	"scan":            scan,
	"sort":            sortElements(true),
	"sort_ro":         sortElements(false),
	"touch":           touchKeys,
	"ttl":             ttl(inSeconds),
	"type":            typeOf,
	"unlink":          del,
}

// internal are commands of which a client knows nothing, or another meaning:
// sessions send them to a shard to answer something themselves.
var internal = map[string]struct {
	run   handler
	arity int // as in Command
	idle  bool
	keyed bool // it is about a key
}{
	"watch":           {watched, -2, false, true},
	"countkeysinslot": {countKeysInSlot, 2, true, false},
	"debugdigest":     {debugDigest, 1, true, false},
	"debugkey":        {debugKey, 3, true, true},
	"getkeysinslot":   {getKeysInSlot, 3, true, false},
	"getlimits":       {getLimits, 1, true, false},
	"setlimit":        {setLimits, -3, false, false},
	"evict":           {evict, -3, false, false},
	"unblock":         {unblock, -3, false, false},
}

// resolve finds the handler of a command, and checks its arity. idle tells that
// the command changes nothing, so that it need not run if nobody hears the
// answer. The command of the operation before is not searched for.
func (s *State) resolve(args [][]byte) (h handler, idle bool, err error) {
	if c := s.last; c != nil && string(args[0]) == c.Name && c.CheckArity(args) == nil {
		return c.handler, c.ReadOnly(), nil
	}
	c, err := Resolve(args)
	if err == nil && c.handler != nil {
		if c.container == nil {
			s.last = c
		}
		return c.handler, c.ReadOnly(), nil
	}
	if in, ok := internal[string(args[0])]; ok {
		if n := len(args); n != in.arity && (in.arity > 0 || n < -in.arity) {
			return nil, false, CommandError("ERR wrong number of arguments for '" + string(args[0]) + "' command")
		}
		return in.run, in.idle, nil
	}
	if err == nil {
		err = Unknown(args)
	}
	return nil, false, err
}

// slotless tells whether a command is about all keys of the shard, not those of
// a slot.
func slotless(args [][]byte) bool {
	if len(args) == 0 {
		return false
	}
	if c := Lookup(args[0]); c != nil {
		return c.Where() == Scatter
	}
	in, ok := internal[string(args[0])]
	return ok && !in.keyed
}
