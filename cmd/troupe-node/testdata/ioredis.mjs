// ioredis as it comes from npm, against the nodes that are given as host:port.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Cluster } from "ioredis";
import { finish } from "./driver.mjs";
import { throughFailover } from "./failover.mjs";

const nodes = process.argv.slice(2).map((addr) => ({ host: addr.split(":")[0], port: Number(addr.split(":")[1]) }));
const client = new Cluster(nodes);
client.on("error", () => {}); // of nodes that are down

console.log("types");
assert.equal(await client.set("s", "h\u00e9llo"), "OK");
assert.equal(await client.get("s"), "h\u00e9llo");
assert.equal(await client.get("none"), null);
assert.equal(await client.hset("h", { a: "1", b: "2" }), 2);
assert.deepEqual(await client.hgetall("h"), { a: "1", b: "2" });
assert.equal(await client.zadd("z", 1.5, "one", 2, "two"), 2);
assert.deepEqual(await client.zrange("z", 0, -1, "WITHSCORES"), ["one", "1.5", "two", "2"]);
assert.deepEqual(await client.sadd("set", "x", "y"), 2);
assert.deepEqual((await client.smembers("set")).sort(), ["x", "y"]);
console.log("errors");
await assert.rejects(client.lpush("s", "x"), /WRONGTYPE/);
await assert.rejects(client.mget("a", "b"), /CROSSSLOT/);

console.log("pipeline, transaction");
assert.deepEqual(await client.pipeline().set("{p}1", "1").incr("{p}1").get("{p}2").exec(), [[null, "OK"], [null, 2], [null, null]]);
assert.deepEqual(await client.multi().set("{t}1", "10").incr("{t}1").exec(), [[null, "OK"], [null, 11]]);

console.log("waits");
const waiting = client.duplicate();
waiting.on("error", () => {});
const popped = waiting.blpop("jobs", 10);
await client.rpush("jobs", "job");
assert.deepEqual(await popped, ["jobs", "job"]);
console.log("stream");
const id = await client.xadd("stream", "*", "f", "v");
const [[name, entries]] = await waiting.xread("STREAMS", "stream", "0");
assert.deepEqual([name, entries], ["stream", [[id, ["f", "v"]]]]);

console.log("messages");
const heard = once(waiting, "message");
assert.equal(await waiting.subscribe("news"), 1);
const again = setInterval(() => client.publish("news", "hello").catch(() => {}), 20); // one is lost where a link does not stand yet
assert.deepEqual(await heard, ["news", "hello"]);
clearInterval(again);
waiting.disconnect();

await throughFailover((k, v) => client.set(k, v), (k) => client.get(k));
finish();
