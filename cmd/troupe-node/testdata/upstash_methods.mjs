// The methods of @upstash/redis on the types that there are, each with what it answers, in order.
import assert from "node:assert/strict";

// check calls redis[method](...args) for each line of a table; a function in the place of an answer checks it.
async function check(redis, table) {
  for (const [method, args, want] of table) {
    const got = await redis[method](...args);
    if (typeof want === "function") assert(want(got), `${method} ${JSON.stringify(args)}: ${JSON.stringify(got)}`);
    else assert.deepEqual(got, want, `${method} ${JSON.stringify(args)}`);
  }
}

const near = (to) => (n) => Math.abs(n - to) < 1;
const upTo = (most) => (n) => n > 0 && n <= most;
const sorted = (...want) => (got) => JSON.stringify([...got].sort()) === JSON.stringify(want);
const oneOf = (...all) => (got) => all.includes(got);

const strings = (k) => [
  ["set", [k("s"), "hello"], "OK"],
  ["append", [k("s"), " world"], 11],
  ["strlen", [k("s")], 11],
  ["getrange", [k("s"), 0, 4], "hello"],
  ["setrange", [k("s"), 6, "there"], 11],
  ["getset", [k("s"), "new"], "hello there"],
  ["set", [k("s"), "newer", { get: true }], "new"],
  ["set", [k("s"), "x", { nx: true }], null],
  ["set", [k("none"), "x", { xx: true }], null],
  ["set", [k("s"), "kept", { ex: 1000 }], "OK"],
  ["ttl", [k("s")], upTo(1000)],
  ["set", [k("s"), "still", { keepTtl: true }], "OK"],
  ["pttl", [k("s")], upTo(1000_000)],
  ["set", [k("s"), "at", { exat: 4102444800 }], "OK"],
  ["set", [k("s"), "at", { pxat: 4102444800_000 }], "OK"],
  ["set", [k("s"), "at", { px: 500_000 }], "OK"],
  ["getex", [k("s"), { persist: true }], "at"],
  ["ttl", [k("s")], -1],
  ["getex", [k("s"), { ex: 100 }], "at"],
  ["getdel", [k("s")], "at"],
  ["get", [k("s")], null],
  ["setex", [k("s"), 100, "v"], "OK"],
  ["psetex", [k("s"), 100_000, "v"], "OK"],
  ["setnx", [k("s"), "w"], 0],
  ["mset", [{ [k("m1")]: 1, [k("m2")]: { deep: [true, null] } }], "OK"],
  ["msetnx", [{ [k("m1")]: 1, [k("m3")]: 3 }], 0],
  ["mget", [k("m1"), k("m2"), k("none")], [1, { deep: [true, null] }, null]],
  ["keys", [k("m[12]")], sorted(k("m1"), k("m2"))],
  ["incr", [k("n")], 1],
  ["incrby", [k("n"), 41], 42],
  ["decr", [k("n")], 41],
  ["decrby", [k("n"), 1], 40],
  ["incrbyfloat", [k("n"), 0.5], 40.5],
  ["setbit", [k("b"), 7, 1], 0],
  ["getbit", [k("b"), 7], 1],
  ["bitcount", [k("b"), 0, -1], 1],
  ["bitpos", [k("b"), 1], 7],
  ["bitop", ["and", k("b2"), k("b"), k("b")], 1],
  ["exec", [["BITFIELD", k("b3"), "SET", "u8", 0, 255, "INCRBY", "u8", 0, 10, "GET", "u4", 0]], [0, 9, 0]],
  ["set", [k("empty"), ""], "OK"],
  ["get", [k("empty")], ""],
];

const keys = (k) => [
  ["set", [k("a"), "1"], "OK"],
  ["exists", [k("a"), k("none")], 1],
  ["type", [k("a")], "string"],
  ["type", [k("none")], "none"],
  ["touch", [k("a")], 1],
  ["copy", [k("a"), k("b")], "COPIED"],
  ["copy", [k("a"), k("b"), { replace: false }], "NOT_COPIED"],
  ["rename", [k("b"), k("c")], "OK"],
  ["renamenx", [k("a"), k("c")], 0],
  ["expire", [k("a"), 100], 1],
  ["expire", [k("a"), 50, "GT"], 0],
  ["persist", [k("a")], 1],
  ["pexpire", [k("a"), 100_000], 1],
  ["expireat", [k("a"), 4102444800], 1],
  ["pexpireat", [k("a"), 4102444800_000], 1],
  ["unlink", [k("a")], 1],
  ["del", [k("c"), k("none")], 1],
  ["echo", ["said \u{1f600}"], "said \u{1f600}"],
  ["ping", [], "PONG"],
  ["clientSetinfo", ["LIB-NAME", "test"], "OK"],
  ["dbsize", [], (n) => n > 0],
  ["randomkey", [], (key) => typeof key === "string"],
  ["time", [], (at) => at.length === 2],
];

const hashes = (k) => [
  ["hset", [k("h"), { a: 1, b: "two", c: { d: 3 } }], 3],
  ["hsetnx", [k("h"), "a", 2], 0],
  ["hget", [k("h"), "c"], { d: 3 }],
  ["hget", [k("h"), "none"], null],
  ["hmget", [k("h"), "a", "none"], { a: 1, none: null }],
  ["hmset", [k("h"), { e: "5" }], "OK"],
  ["hgetall", [k("h")], { a: 1, b: "two", c: { d: 3 }, e: 5 }],
  ["hgetall", [k("none")], null],
  ["hkeys", [k("h")], ["a", "b", "c", "e"]],
  ["hvals", [k("h")], [1, "two", { d: 3 }, 5]],
  ["hlen", [k("h")], 4],
  ["hstrlen", [k("h"), "b"], 3],
  ["hexists", [k("h"), "b"], 1],
  ["hincrby", [k("h"), "a", 9], 10],
  ["hincrbyfloat", [k("h"), "a", 0.5], 10.5],
  ["hrandfield", [k("h")], oneOf("a", "b", "c", "e")],
  ["hrandfield", [k("h"), 9, true], { a: 10.5, b: "two", c: { d: 3 }, e: 5 }],
  ["hscan", [k("h"), 0, { match: "[ab]" }], ["0", ["a", 10.5, "b", "two"]]],
  ["hdel", [k("h"), "a", "b"], 2],
];

const lists = (k) => [
  ["rpush", [k("l"), "a", "b", "c"], 3],
  ["lpush", [k("l"), { z: 0 }], 4],
  ["lpushx", [k("none"), "x"], 0],
  ["rpushx", [k("l"), "c"], 5],
  ["lrange", [k("l"), 0, -1], [{ z: 0 }, "a", "b", "c", "c"]],
  ["lindex", [k("l"), 0], { z: 0 }],
  ["lset", [k("l"), 0, "z"], "OK"],
  ["linsert", [k("l"), "before", "a", "y"], 6],
  ["llen", [k("l")], 6],
  ["lpos", [k("l"), "c"], 4],
  ["lpos", [k("l"), "c", { count: 0 }], [4, 5]],
  ["lrem", [k("l"), 1, "c"], 1],
  ["lmove", [k("l"), k("l2"), "left", "right"], "z"],
  ["ltrim", [k("l"), 0, 1], "OK"],
  ["lmpop", [2, [k("none"), k("l")], "LEFT", 1], [k("l"), ["y"]]],
  ["lpop", [k("l2")], "z"],
  ["rpop", [k("l"), 5], ["a"]],
  ["lpop", [k("l")], null],
];

const sets = (k) => [
  ["sadd", [k("s1"), "a", "b", 3], 3],
  ["sadd", [k("s2"), "b", "c"], 2],
  ["scard", [k("s1")], 3],
  ["sismember", [k("s1"), "a"], 1],
  ["smismember", [k("s1"), ["a", "x"]], [1, 0]],
  ["smembers", [k("s1")], sorted(3, "a", "b")],
  ["sdiff", [k("s1"), k("s2")], sorted(3, "a")],
  ["sinter", [k("s1"), k("s2")], ["b"]],
  ["sunion", [k("s1"), k("s2")], sorted(3, "a", "b", "c")],
  ["sintercard", [[k("s1"), k("s2")], { limit: 9 }], 1],
  ["sdiffstore", [k("s3"), k("s1"), k("s2")], 2],
  ["sinterstore", [k("s3"), k("s1"), k("s2")], 1],
  ["sunionstore", [k("s3"), k("s1"), k("s2")], 4],
  ["smove", [k("s1"), k("s2"), "a"], 1],
  ["srandmember", [k("s2")], oneOf("a", "b", "c")],
  ["srandmember", [k("s2"), 9], sorted("a", "b", "c")],
  ["sscan", [k("s2"), 0, { match: "a" }], ["0", ["a"]]],
  ["srem", [k("s2"), "a"], 1],
  ["spop", [k("s2"), 9], sorted("b", "c")],
  ["spop", [k("s2")], null],
];

const sortedSets = (k) => [
  ["zadd", [k("z"), { score: 1, member: "one" }, { score: 2.5, member: "two" }, { score: 3, member: { three: 3 } }], 3],
  ["zadd", [k("z"), { nx: true }, { score: 9, member: "one" }], 0],
  ["zadd", [k("z"), { incr: true }, { score: 1, member: "one" }], 2],
  ["zadd", [k("z"), { xx: true, ch: true, lt: true }, { score: 1, member: "one" }], 1],
  ["zcard", [k("z")], 3],
  ["zcount", [k("z"), "-inf", "+inf"], 3],
  ["zcount", [k("z"), "(1", 3], 2],
  ["zincrby", [k("z"), 0.5, "two"], 3],
  ["zscore", [k("z"), "two"], 3],
  ["zscore", [k("z"), "none"], null],
  ["zmscore", [k("z"), ["one", "none"]], [1, null]],
  ["zrank", [k("z"), "one"], 0],
  ["zrevrank", [k("z"), "one"], 2],
  ["zrange", [k("z"), 0, -1], ["one", "two", { three: 3 }]],
  ["zrange", [k("z"), 1, 3, { byScore: true, offset: 0, count: 2, withScores: true }], ["one", 1, "two", 3]],
  ["zrange", [k("z"), "+inf", "-inf", { byScore: true, rev: true }], [{ three: 3 }, "two", "one"]],
  ["zrange", [k("z"), 0, 0, { rev: true }], [{ three: 3 }]],
  ["zscan", [k("z"), 0, { match: "o*" }], ["0", ["one", 1]]],
  ["zadd", [k("y"), { score: 5, member: "one" }, { score: 5, member: "six" }], 2],
  ["zinterstore", [k("x"), 2, [k("z"), k("y")], { weights: [2, 1], aggregate: "max" }], 1],
  ["zunionstore", [k("x"), 2, [k("z"), k("y")]], 4],
  ["zunion", [2, [k("y"), k("none")], { withScores: true }], ["one", 5, "six", 5]],
  ["zdiffstore", [k("w"), 2, k("x"), k("y")], 2],
  ["zlexcount", [k("y"), "-", "+"], 2],
  ["zrange", [k("y"), "[o", "+", { byLex: true }], ["one", "six"]],
  ["zremrangebylex", [k("y"), "[one", "(six"], 1],
  ["zpopmin", [k("x"), 1], (got) => got.length === 2],
  ["zpopmax", [k("x"), 1], ["one", 6]],
  ["zremrangebyrank", [k("x"), 0, 0], 1],
  ["zremrangebyscore", [k("x"), 0, 100], 1],
  ["zrem", [k("z"), "one", "none"], 1],
];

const streams = (k) => [
  ["xadd", [k("x"), "1-1", { a: 1, b: "two" }], "1-1"],
  ["xadd", [k("x"), "1-*", { a: 2 }], "1-2"],
  ["xadd", [k("none"), "*", { a: 2 }, { nomkStream: true }], null],
  ["xadd", [k("x"), "2-1", { a: 3 }, { trim: { type: "MAXLEN", threshold: 3, comparison: "=" } }], "2-1"],
  ["xlen", [k("x")], 3],
  ["xrange", [k("x"), "-", "+"], { "1-1": { a: 1, b: "two" }, "1-2": { a: 2 }, "2-1": { a: 3 } }],
  ["xrevrange", [k("x"), "+", "-", 1], { "2-1": { a: 3 } }],
  ["xread", [k("x"), "1-2"], [[k("x"), [["2-1", ["a", 3]]]]]],
  ["xread", [[k("x"), k("none")], ["0", "0"], { count: 1 }], [[k("x"), [["1-1", ["a", 1, "b", "two"]]]]]],
  ["xread", [k("x"), "9-9"], null],
  ["xgroup", [k("x"), { type: "CREATE", group: "g", id: "0" }], "OK"],
  ["xreadgroup", ["g", "c", k("x"), ">", { count: 2 }], [[k("x"), [["1-1", ["a", 1, "b", "two"]], ["1-2", ["a", 2]]]]]],
  ["xpending", [k("x"), "g", "-", "+", 9], (got) => got.length === 2 && got[0][0] === "1-1" && got[0][1] === "c"],
  ["xack", [k("x"), "g", "1-1"], 1],
  ["xclaim", [k("x"), "g", "d", 0, "1-2"], [["1-2", ["a", 2]]]],
  ["xautoclaim", [k("x"), "g", "e", 0, "0", { justId: true }], ["0-0", ["1-2"], []]],
  ["xinfo", [k("x"), { type: "CONSUMERS", group: "g" }], (got) => got.length === 3],
  ["xgroup", [k("x"), { type: "DESTROY", group: "g" }], 1],
  ["xdel", [k("x"), "1-1"], 1],
  ["xtrim", [k("x"), { strategy: "MAXLEN", threshold: 1, exactness: "=" }], 1],
];

const places = (k) => [
  ["geoadd", [k("g"), { longitude: 13.361389, latitude: 38.115556, member: "Palermo" }, { longitude: 15.087269, latitude: 37.502669, member: "Catania" }], 2],
  ["geodist", [k("g"), "Palermo", "Catania", "KM"], near(166)],
  ["geohash", [k("g"), "Palermo", "none"], ["sqc8b49rny0", null]],
  ["geopos", [k("g"), ["Palermo"]], ([at]) => near(13.36)(at.lng) && near(38.12)(at.lat)],
  ["geosearch", [k("g"), { type: "FROMLONLAT", coordinate: { lon: 15, lat: 37 } }, { type: "BYRADIUS", radius: 200, radiusType: "KM" }, "ASC"],
    [{ member: "Catania" }, { member: "Palermo" }]],
  ["geosearchstore", [k("g2"), k("g"), { type: "FROMMEMBER", member: "Palermo" }, { type: "BYBOX", rect: { width: 9, height: 9 }, rectType: "KM" }, "DESC"], 1],
  ["pfadd", [k("p"), "a", "b"], 1],
  ["pfadd", [k("p2"), "c"], 1],
  ["pfcount", [k("p"), k("p2")], 3],
  ["pfmerge", [k("p3"), k("p"), k("p2")], "OK"],
];

// Commands that are not there are named in an error, and what waits for others is refused.
async function refused(redis, k) {
  await assert.rejects(redis.eval("return 1", [k("a")], []), /unknown command 'eval'/i);
  await assert.rejects(redis.hexpire(k("h"), "a", 10), /unknown command 'hexpire'/i);
  await assert.rejects(redis.json.set(k("j"), "$", {}), /unknown command 'json\.set'/i);
  const other = redis.set(k("other"), "of the same pipeline");
  await assert.rejects(redis.xread(k("x"), "$", { blockMS: 1000 }), /waits for others/);
  assert.equal(await other, "OK");
  await assert.rejects(redis.mset({ a: 1, b: 2 }), /CROSSSLOT/);
  await assert.rejects(redis.set(k("a"), undefined), /string, a number or a boolean/);
}

export async function methods(redis, name) {
  const k = (key) => `{${name}}${key}`; // one slot, for what takes several keys
  const all = [strings, keys, hashes, lists, sets, sortedSets, streams, places];
  for (const [i, table] of all.entries()) {
    await check(redis(), table((key) => k(`${i ? i : ""}${key}`)));
  }
  await refused(redis(), k);
}
