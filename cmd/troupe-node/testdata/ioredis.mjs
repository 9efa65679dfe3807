// ioredis as it comes from npm, against the nodes that are given as host:port.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Cluster } from "ioredis";
import { finish } from "./driver.mjs";
import { throughFailover } from "./failover.mjs";

const nodes = process.argv.slice(2).map((addr) => ({ host: addr.split(":")[0], port: Number(addr.split(":")[1]) }));
const client = new Cluster(nodes);
client.on("error", () => {}); // of nodes that are down

assert.equal(await client.set("s", "h\u00e9llo"), "OK");
assert.equal(await client.get("s"), "h\u00e9llo");
assert.equal(await client.get("none"), null);
assert.equal(await client.hset("h", { a: "1", b: "2" }), 2);
assert.deepEqual(await client.hgetall("h"), { a: "1", b: "2" });
assert.equal(await client.zadd("z", 1.5, "one", 2, "two"), 2);
assert.deepEqual(await client.zrange("z", 0, -1, "WITHSCORES"), ["one", "1.5", "two", "2"]);
assert.deepEqual(await client.sadd("set", "x", "y"), 2);
assert.deepEqual((await client.smembers("set")).sort(), ["x", "y"]);
await assert.rejects(client.lpush("s", "x"), /WRONGTYPE/);
await assert.rejects(client.mget("a", "b"), /CROSSSLOT/);

assert.deepEqual(await client.pipeline().set("{p}1", "1").incr("{p}1").get("{p}2").exec(), [[null, "OK"], [null, 2], [null, null]]);
assert.deepEqual(await client.multi().set("{t}1", "10").incr("{t}1").exec(), [[null, "OK"], [null, 11]]);

const waiting = client.duplicate();
waiting.on("error", () => {});
const popped = waiting.blpop("jobs", 10);
await client.rpush("jobs", "job");
assert.deepEqual(await popped, ["jobs", "job"]);
const id = await client.xadd("stream", "*", "f", "v");
const [[name, entries]] = await waiting.xread("STREAMS", "stream", "0");
assert.deepEqual([name, entries], ["stream", [[id, ["f", "v"]]]]);

const heard = once(waiting, "message");
assert.equal(await waiting.subscribe("news"), 1);
await client.publish("news", "hello");
assert.deepEqual(await heard, ["news", "hello"]);
waiting.disconnect();

await throughFailover((k, v) => client.set(k, v), (k) => client.get(k));
finish();
