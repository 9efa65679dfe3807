// The page of a large cluster in trouble, on screens of all sizes. The page is a node's own; what it is told of the cluster
// is made up here.
import assert from "node:assert/strict";
import { accessible, blank, browser, complaints, drawn, fits, phone, screenshot } from "./browser.mjs";
import { ask, finish } from "./driver.mjs";

const { nodes: [{ http: url }] } = await ask("nodes");

const id = (i) => String(i).repeat(40).slice(0, 40);
const long = (text) => text.padEnd(64, "-very-long");
const nodes = Array.from({ length: 9 }, (_, i) => ({
  id: id(i + 1), name: i < 2 ? long(`node-${i + 1}.rack-7`) : `node-${i + 1}`, zone: i % 3 ? `zone-${i % 3}` : long("eu-central"), client: `127.0.0.1:${6400 + i}`, http: `127.0.0.1:${8400 + i}`,
  alive: i !== 3, linked: i !== 3 && i !== 4, gateway: false, says: i === 5 ? ["loading", "low space", "wrong clock"] : [], leads: [], holds: [],
}));
nodes.push({ ...nodes[8], id: "a".repeat(40), name: "gateway", gateway: true, leads: [], holds: [] });
const shards = Array.from({ length: 64 }, (_, i) => {
  const members = [0, 1, 2].map((k) => ({ replica: k + 1, node: id(1 + ((i + k) % 9)), learner: false }));
  if (i % 8 === 0) members.push({ replica: 4, node: id(1 + ((i + 4) % 9)), learner: true });
  const leader = i === 7 ? "" : members.find((m) => m.node !== id(4) && m.node !== id(5)).node;
  return { id: i + 1, slots: [[256 * i, 256 * i + 255]], term: 7 + i, leader, members };
});
for (const s of shards) {
  if (s.leader) nodes.find((n) => n.id === s.leader).leads.push(s.id);
  for (const m of s.members) nodes.find((n) => n.id === m.node).holds.push(s.id);
}
const times = { count: 0, seconds: 0, below: [[0.001, 0]] };
const replicas = nodes.filter((n) => !n.gateway).map((n) => ({
  node: n.id, answers: n.linked, counters: { syncs: times, reads: times, writes: times },
  replicas: n.linked ? n.holds.map((shard) => replica(shards[shard - 1], n.id)) : [],
}));

function replica(s, node) {
  const m = s.members.find((m) => m.node === node), leads = s.leader === node, last = 9_876_543_200 + 13 * s.id;
  const behind = m.learner ? 4000 : leads ? 0 : 11 * m.replica;
  return {
    shard: s.id, replica: m.replica, role: m.learner ? "learner" : leads ? "leader" : s.leader ? "follower" : "candidate", term: s.term,
    last: last - behind, commit: last - behind - 11, applied: last - behind - 20, snapshot: 9_000_000_000, keys: 1_234_567, bytes: 1 << 30, written: 9, read: 9,
  };
}

const answers = {
  cluster: { cluster: "c".repeat(32), node: id(1), version: "0.1.0", state: "fail", slots_owned: 16384, shards: 64, nodes: 9, nodes_alive: 8 },
  slots: shards.map((s) => ({ first: s.slots[0][0], last: s.slots[0][1], shard: s.id, epoch: 1, leader: s.leader })), shards, nodes, replicas,
};
const events = Array.from({ length: 120 }, (_, i) => ({ id: i + 1, at: new Date(1.7e12 + 1000 * i).toISOString(), kind: "member", text: `${nodes[i % 9].name} votes in shard ${1 + (i % 64)}` }));

async function open(options) {
  const page = await blank(options);
  for (const [path, answer] of Object.entries(answers)) await page.route(`${url}/v1/${path}`, (r) => r.fulfill({ json: answer }));
  await page.route(`${url}/v1/events`, (r) => r.fulfill({ contentType: "text/event-stream", body: r.request().headers()["last-event-id"] === "0" ? events.map((e) => `id: ${e.id}\nevent: ${e.kind}\ndata: ${JSON.stringify(e)}\n\n`).join("") : "" }));
  await page.goto(url);
  await drawn(page);
  await page.waitForFunction((n) => document.querySelectorAll("#events li").length === n, events.length);
  return page;
}

// complete asserts that all is there, and told apart.
async function complete(page) {
  const shown = await page.evaluate(() => ({
    roles: Object.groupBy([...document.querySelectorAll(".replica .role")].map((el) => el.textContent), (r) => r),
    colours: new Set([...document.querySelectorAll("#legend i")].map((i) => i.style.background)).size,
    states: [...document.querySelectorAll("#nodes tr")].map((tr) => tr.children[1].textContent),
    headless: [...document.querySelectorAll(".headless")].map((el) => el.textContent),
    unknown: document.querySelectorAll(".bar.unknown").length,
  }));
  const silent = shards.flatMap((s) => s.members).filter((m) => m.node === id(4) || m.node === id(5)).length;
  assert.equal(shown.colours, 64);
  assert.deepEqual([shown.roles.leader.length, shown.roles.learner.length, shown.roles.silent.length, shown.unknown],
    [63, shards.flatMap((s) => s.members).filter((m) => m.learner && m.node !== id(4) && m.node !== id(5)).length, silent, silent]);
  assert.deepEqual(shown.states, ["alive", "alive", "alive", "down", "out of reach", "alive, loading, low space, wrong clock", "alive", "alive", "alive", "gateway"]);
  assert.equal(shown.headless.length, 1);
}

const page = await open({ colorScheme: "light" });
await complete(page);
await accessible(page, "light");
await screenshot(page, "crowd-light");
await page.emulateMedia({ colorScheme: "dark" });
await screenshot(page, "crowd-dark");
for (const [width, height] of [[320, 568], [768, 1024], [1024, 768], [2560, 1440]]) {
  await page.setViewportSize({ width, height });
  await fits(page, `${width} pixels`);
  await screenshot(page, `crowd-${width}`);
}
const small = await open(phone);
await fits(small, "phone");
await screenshot(small, "crowd-phone");
assert.deepEqual(complaints, []);
await browser.close();
finish();
