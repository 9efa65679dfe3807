// node-redis as it comes from npm, against the nodes that are given as host:port; or as the last word makes it, which is
// JavaScript, with the options that README recommends.
import assert from "node:assert/strict";
import { createCluster } from "redis";
import { finish } from "./driver.mjs";
import { throughFailover } from "./failover.mjs";

const words = process.argv.slice(2);
const make = words.at(-1).startsWith("createCluster(") ? words.pop() : "createCluster({ rootNodes })";
const rootNodes = words.map((addr) => ({ url: `redis://${addr}` }));
const client = new Function("createCluster", "rootNodes", `return ${make}`)(createCluster, rootNodes);
client.on("error", () => {}); // of nodes that are down
await client.connect();

console.log("types");
assert.equal(await client.set("s", "h\u00e9llo"), "OK");
assert.equal(await client.get("s"), "h\u00e9llo");
assert.equal(await client.get("none"), null);
assert.equal(await client.hSet("h", { a: "1", b: "2" }), 2);
assert.deepEqual({ ...(await client.hGetAll("h")) }, { a: "1", b: "2" });
assert.equal(await client.zAdd("z", [{ score: 1.5, value: "one" }, { score: 2, value: "two" }]), 2);
assert.deepEqual(await client.zRangeWithScores("z", 0, -1), [{ value: "one", score: 1.5 }, { value: "two", score: 2 }]);
assert.equal(await client.sAdd("set", ["x", "y"]), 2);
assert.deepEqual([...(await client.sMembers("set"))].sort(), ["x", "y"]);
console.log("errors");
await assert.rejects(client.lPush("s", "x"), /WRONGTYPE/);

console.log("transaction");
assert.deepEqual(await client.multi().set("{t}1", "10").incr("{t}1").get("{t}2").exec(), ["OK", 11, null]);

console.log("waits");
assert.equal(await client.rPush("jobs", "job"), 1);
assert.deepEqual({ ...(await client.blPop("jobs", 10)) }, { key: "jobs", element: "job" });
console.log("stream");
const id = await client.xAdd("stream", "*", { f: "v" });
const [read] = await client.xRead({ key: "stream", id: "0" });
assert.equal(read.name, "stream");
assert.deepEqual(read.messages.map((m) => [m.id, { ...m.message }]), [[id, { f: "v" }]]);

console.log("messages");
const heard = new Promise((done) => client.subscribe("news", (text, channel) => done([channel, text])));
const again = setInterval(() => client.publish("news", "hello").catch(() => {}), 20);
assert.deepEqual(await heard, ["news", "hello"]);
clearInterval(again);
await client.unsubscribe("news");

await throughFailover((k, v) => client.set(k, v), (k) => client.get(k));
finish();
