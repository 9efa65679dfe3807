// The calls of @upstash/redis against the HTTP ports that are given, while a node of the cluster is killed.
import assert from "node:assert/strict";
import { Redis } from "@upstash/redis";
import { ask, finish } from "./driver.mjs";
import { methods } from "./upstash_methods.mjs";

const clients = process.argv.slice(2).map((url) => new Redis({ url, token: "secret", enableTelemetry: false }));
let turn = 0;
const acked = Array(30).fill(0);
const unknown = Array(30).fill(0);
const redis = () => clients[turn++ % clients.length];

async function strings(p) {
  assert.equal(await redis().set(`${p}:s`, "h\u00e9llo \u{1f600}\n"), "OK");
  assert.equal(await redis().get(`${p}:s`), "h\u00e9llo \u{1f600}\n");
  assert.equal(await redis().get(`${p}:none`), null);
  assert.equal(await redis().set(`${p}:nx`, 1, { nx: true, ex: 1000 }), "OK");
  assert.equal(await redis().set(`${p}:nx`, 2, { nx: true }), null);
  await redis().set(`${p}:json`, { a: [1, "two", null], b: true });
  assert.deepEqual(await redis().get(`${p}:json`), { a: [1, "two", null], b: true });
  await redis().set(`${p}:ok`, "OK");
  assert.equal(await redis().get(`${p}:ok`), "OK");
  assert.equal(await redis().incrby(`${p}:n`, 5), 5);
  assert.deepEqual(await redis().mget(`{${p}}a`, `{${p}}b`), [null, null]);
  await assert.rejects(redis().lpush(`${p}:s`, "x"), /WRONGTYPE/);
}

async function collections(p) {
  await redis().hset(`${p}:h`, { field: "value", n: 7 });
  assert.deepEqual(await redis().hgetall(`${p}:h`), { field: "value", n: 7 });
  assert.equal(await redis().rpush(`${p}:l`, "a", "b", "c"), 3);
  assert.deepEqual(await redis().lrange(`${p}:l`, 0, -1), ["a", "b", "c"]);
  assert.equal(await redis().lpop(`${p}:l`), "a");
  assert.equal(await redis().sadd(`${p}:set`, "x", "y"), 2);
  assert.deepEqual((await redis().smembers(`${p}:set`)).sort(), ["x", "y"]);
  assert.equal(await redis().zadd(`${p}:z`, { score: 1.5, member: "one" }, { score: 2, member: "two" }), 2);
  assert.deepEqual(await redis().zrange(`${p}:z`, 0, -1, { withScores: true }), ["one", 1.5, "two", 2]);
  assert.equal(await redis().zscore(`${p}:z`, "one"), 1.5);
}

async function together(p) {
  const pipe = redis().pipeline();
  pipe.set(`${p}:p1`, "1").incr(`${p}:p1`).get(`${p}:p2`).lpush(`${p}:p3`, "v");
  assert.deepEqual(await pipe.exec(), ["OK", 2, null, 1]);
  const tx = redis().multi();
  tx.set(`{${p}}t`, "10").incr(`{${p}}t`).get(`{${p}}t`);
  assert.deepEqual(await tx.exec(), ["OK", 11, 11]);
  const across = redis().multi();
  across.set("a", "1").set("b", "2");
  await assert.rejects(across.exec(), /CROSSSLOT/);
}

async function scan(p) {
  for (let i = 0; i < 50; i++) await redis().set(`${p}:scan:${i}`, i);
  const seen = new Set();
  let cursor = "0";
  do {
    const [next, keys] = await redis().scan(cursor, { match: `${p}:scan:*`, count: 20 });
    keys.forEach((k) => seen.add(k));
    cursor = next;
  } while (cursor !== "0");
  assert.equal(seen.size, 50);
}

// heard publishes, for the other node may not know of a subscription yet, until a subscription says what it should.
async function heard(subscription, type, channel, message) {
  const failed = next(subscription, "error").then((err) => assert.fail(err));
  const said = next(subscription, type);
  let got;
  said.then((data) => (got = data));
  while (!got) {
    await clients[1].publish(channel, message);
    await Promise.race([said, failed, new Promise((later) => setTimeout(later, 50))]);
  }
  await subscription.unsubscribe();
  return got;
}

const next = (subscription, type) => new Promise((tell) => subscription.on(type, tell));

async function listen(p) {
  const all = clients[0].subscribe([`${p}:news`]);
  assert.equal(await next(all, "subscribe"), 1);
  const message = { at: [1, "two"], text: "a,b" };
  assert.deepEqual(await heard(all, "message", `${p}:news`, message), { channel: `${p}:news`, message });
  const some = clients[0].psubscribe([`${p}:n*`]);
  assert.equal(await next(some, "psubscribe"), 1);
  assert.deepEqual(await heard(some, "pmessage", `${p}:night`, message), { pattern: `${p}:n*`, channel: `${p}:night`, message });
}

async function round(p) {
  console.log("all kinds of commands, " + p);
  for (const step of [strings, collections, together, scan, listen]) await step(p);
  await methods(redis, `${p}:methods`);
}

// count raises a counter. It is what was acknowledged, and at most what nobody could tell of besides.
async function count(i) {
  try {
    const n = await redis().incr(`during:${i}`);
    acked[i]++;
    assert(acked[i] <= n && n <= acked[i] + unknown[i], `counter ${i} is ${n} after ${acked[i]} and ${unknown[i]} unknown`);
    return true;
  } catch (err) {
    if (/UNKNOWN/.test(err.message)) unknown[i]++;
    else if (!/MOVED|CLUSTERDOWN|TRYAGAIN/.test(err.message)) throw err;
    return false;
  }
}

await assert.rejects(new Redis({ url: process.argv[2], token: "wrong" }).get("k"), /WRONGPASS/);
await round("before");
const killed = ask("kill n1");
for (let i = 0; i < 300; i++) await count(i % 30);
await killed;
console.log("counts once it is dead");
// What was on its way to the dead node may have been lost; once each counter was reached again, nothing is.
for (let i = 0; i < 30; i++) while (!(await count(i)));
await round("after");
assert.equal(await redis().get("before:s"), "h\u00e9llo \u{1f600}\n");
finish();
