// The page of a node in a browser: what it loads, that it tells the truth, and what it shows of a leader's death and of a
// replica that moves. The third argument is how many leaders are to be killed.
import assert from "node:assert/strict";
import { accessible, blank, browser, complaints, drawn, eventually, figure, fits, median, open, patience, phone, screenshot } from "./browser.mjs";
import { ask, finish } from "./driver.mjs";
import { firstSeen, logs, read, watch } from "./picture.mjs";
import { atMost, Truth } from "./truth.mjs";

const kills = Number(process.argv[4]);
let { nodes } = await ask("nodes");
const url = nodes[0].http;

// loads shows the page to browsers that have never seen it.
async function loads() {
  const times = [], needed = ["/", "/assets/style.css", "/v1/cluster", "/v1/events", "/v1/nodes", "/v1/replicas", "/v1/shards", "/v1/slots"];
  let bytes = 0;
  for (let i = 0; i < 5; i++) {
    const page = await blank();
    const asked = [];
    page.on("request", (r) => asked.push(r.url()));
    await page.goto(url);
    await drawn(page);
    times.push(await page.evaluate(() => performance.getEntriesByName("drawn")[0].startTime));
    bytes = await page.evaluate(() => performance.getEntriesByType("resource").reduce((n, r) => n + r.transferSize, performance.getEntriesByType("navigation")[0].transferSize));
    assert.deepEqual(asked.filter((u) => !u.startsWith(url + "/") && !u.startsWith("data:")), [], "another host is asked");
    const paths = asked.filter((u) => u.startsWith(url)).map((u) => new URL(u).pathname);
    for (const path of needed) assert(paths.includes(path), `${path} is not asked for`);
    assert(new Set(paths).size <= 20 && bytes > 0 && bytes < 150_000, `${new Set(paths).size} things are loaded, of ${bytes} bytes`);
    await page.context().close();
  }
  figure(`load: all drawn after ${median(times).toFixed(0)} ms (median of ${times.length}, most ${Math.max(...times).toFixed(0)} ms), ${bytes} bytes`);
}

// truthful compares the picture with CLUSTER SLOTS and INFO until both show the same: leaders may be moving.
async function truthful(page) {
  const truth = new Truth(nodes);
  await eventually(async () => {
    const [info, slots, seen] = [await truth.logs(), await truth.slots(), await read(page)];
    const leaders = Object.values(info).filter((r) => r.role === "leader");
    assert.deepEqual(seen.legend.map((s) => s.shard), leaders.map((r) => r.shard).sort((a, b) => a - b));
    for (const { shard, node, slots } of leaders) {
      const shown = seen.shards.find((s) => s.shard === shard), count = slots.reduce((n, [a, b = a]) => n + b - a + 1, 0);
      assert.equal(shown.leader, node);
      assert.deepEqual(shown.replicas.map((r) => r.node).sort(), Object.values(info).filter((r) => r.shard === shard).map((r) => r.node).sort());
      assert.equal(seen.legend.find((s) => s.shard === shard).slots, count);
      for (const [first, last = first] of slots) for (let s = first; s <= last; s++) assert.equal(seen.slots[s], shard, `slot ${s}`);
    }
    for (const { first, last, leader, replicas } of slots) {
      for (let s = first; s <= last; s++) {
        const shown = seen.shards.find(({ shard }) => shard === seen.slots[s]);
        assert.equal(shown.leader, leader);
        assert.deepEqual(shown.replicas.map((r) => r.node).filter((n) => n !== leader).sort(), replicas);
      }
    }
  });
  truth.close();
}

// barsMove holds the bars between two readings of INFO while clients write, and waits until the commit indexes were
// seen to move often.
async function barsMove(page) {
  const truth = new Truth(nodes);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; writing; i++) {
      await fetch(url + "/pipeline", { method: "POST", body: JSON.stringify(Array.from({ length: 12 }, (_, k) => ["SET", `key:${12 * i + k}`, "v"])) });
    }
  })();
  const moved = {};
  for (let often = 0; often < 5; ) {
    const seen = await eventually(() => between(truth, page));
    for (const s of seen.shards) inScale(s);
    for (const [k, [, commit]] of Object.entries(logs(seen))) (moved[k] ??= new Set()).add(commit);
    often = Math.min(...Object.values(moved).map((commits) => commits.size));
  }
  await screenshot(page, "light-writing");
  writing = false;
  await writer;
  truth.close();
}

// between waits until the page shows what INFO said, or later, and holds that against what INFO says then.
async function between(truth, page) {
  const before = await truth.ends();
  const seen = await eventually(async () => {
    const picture = await read(page);
    atMost(before, logs(picture));
    return picture;
  });
  atMost(logs(seen), await truth.ends(), ["commit", "applied"]); // an election may cut what follows the commit
  return seen;
}

// inScale asserts that the bars of one shard are all to one scale.
function inScale({ shard, replicas }) {
  const ends = replicas.flatMap((r) => r.log.map((v, i) => [v, r.widths[i]])).sort(([a], [b]) => a - b);
  const [[low, from], [high, to]] = [ends[0], ends.at(-1)];
  for (const [v, width] of ends) {
    const want = high === low ? from : from + ((to - from) * (v - low)) / (high - low);
    assert(width >= 0 && width <= 100.01 && Math.abs(width - want) < 0.1, `shard ${shard}: ${v} is at ${width} %, not ${want} %`);
  }
}

async function run(page, line, answer) {
  await page.fill("#command", line);
  await page.press("#command", "Enter");
  await page.waitForFunction(([l, a]) => {
    const li = document.querySelector("#answers li");
    return li?.querySelector("code").textContent === l && li.querySelector("pre")?.textContent === a && /n\d answered, which leads shard \d.* slot \d+/.test(li.textContent);
  }, [line, answer], patience);
}

// passedOn runs commands until one was answered by another node than the page's.
async function passedOn(page) {
  const told = () => page.textContent("#answers li:first-child .dim");
  for (let i = 0; i === 0 || !/ through n1,/.test(await told()); i++) {
    assert(i < 50, "n1 answers everything itself");
    await run(page, `SET key:${i} v`, '"OK"');
  }
  assert.match(await told(), /^n[23] answered, which leads shard \d, through n1, slot \d+/);
}

async function byKeyboard(page) {
  await page.focus("#slots");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#slot-told"), /^Slot 1 is in shard \d+/);
  for (const id of ["command", "answers", "events"]) {
    await page.focus("#" + id);
    await page.keyboard.press("Tab"); // and on: nothing holds the focus
    assert.notEqual(await page.evaluate(() => document.activeElement.id), id);
  }
  assert.match(await page.textContent("#slot-told"), /^Point at a slot/); // which has lost the focus
}

const whole = (page) => page.waitForFunction(() => {
  const states = [...document.querySelectorAll("#nodes tr")].map((tr) => tr.children[1].textContent);
  return states.every((s) => s === "alive") && !document.querySelector(".bar.unknown, .headless") && document.querySelector(".badge.ok");
}, null, patience);

// spread waits until every node leads as many shards as any other: then no leadership moves by itself, and the events tell
// of none that the table does not show yet.
const spread = (page) => page.waitForFunction(() =>
  [...document.querySelectorAll("#nodes tr")].every((tr) => tr.children[3].textContent.match(/\d+/g)?.length === 2), null, patience);

// leadsOf is what the table of nodes says that one leads.
const leadsOf = (page, name) => page.evaluate((n) =>
  [...document.querySelectorAll("#nodes tr")].find((tr) => tr.children[0].textContent === n).children[3].textContent.match(/\d+/g) ?? [], name);

// killed kills a node that leads shards, and returns how many ms later the page showed the first sign of it, and all the
// shards under other leaders.
async function killed(page, victim, round) {
  await whole(page);
  await spread(page);
  await watch(page);
  const led = await leadsOf(page, victim);
  const { at } = await ask("kill " + victim);
  const sign = await firstSeen(page, new RegExp(`event: (the link to ${victim} is broken|${victim} is lost|shard \\d+ has no leader)`), patience);
  const others = await Promise.all(led.map((s) => firstSeen(page, new RegExp(`event: (?!${victim} )n\\d leads shard ${s}$`), patience)));
  const headings = await Promise.all(led.map((s) => firstSeen(page, new RegExp(`shard: shard ${s}, led by (?!${victim} )`), patience)));
  await firstSeen(page, new RegExp(`node: ${victim} (out of reach|down)`), patience);
  if (round === 0) await screenshot(page, "light-failure");
  await run(page, "GET greeting", '"hello world"');
  if (round === 0) {
    await firstSeen(page, new RegExp(`event: ${victim} is lost`), patience);
    await firstSeen(page, new RegExp(`node: ${victim} down`), patience);
  }
  await ask("revive " + victim);
  return [sign, Math.max(...others), Math.max(...headings)].map((t) => t - at);
}

async function failures(page) {
  const rounds = [];
  for (let i = 0; i < kills; i++) rounds.push(await killed(page, nodes[1 + (i % 2)].name, i));
  ["first sign", "events of new leaders", "shards under new leaders"].forEach((what, i) => {
    const times = rounds.map((r) => r[i]);
    figure(`leader killed: ${what} after ${median(times)} ms (median of ${times.length}, most ${Math.max(...times)} ms)`);
  });
}

// moved adds a node, and waits until replicas have moved to it before the eyes of the page.
async function moved(page) {
  await whole(page);
  await watch(page);
  const added = await ask("add");
  nodes = added.nodes;
  const name = nodes.at(-1).name;
  const since = async (pattern) => (await firstSeen(page, pattern, patience)) - added.at;
  const joins = await since(new RegExp(`event: ${name} joins`));
  const votes = await since(new RegExp(`event: ${name} votes in shard`));
  await screenshot(page, "light-move");
  const leaves = await since(/event: n\d holds shard \d+ no more/);
  const seen = await page.evaluate(() => Object.keys(window.seen).filter((text) => / is copied to /.test(text)).length);
  figure(`node added: seen to join after ${joins} ms, to vote after ${votes} ms, another to hold a shard no more after ${leaves} ms; learners seen of ${seen} shards`);
}

// orphaned kills the page's own node, and waits until the page says so, and has found it again by itself.
async function orphaned(page) {
  const { name } = nodes[0];
  await ask("kill " + name);
  await page.waitForFunction(() => document.getElementById("state").textContent === "no answer", null, patience);
  await accessible(page, "without its node");
  await screenshot(page, "light-orphaned");
  await ask("revive " + name);
  await whole(page);
}

console.log("loads");
await loads();
const page = await open(url, { colorScheme: "light" });
await whole(page);
console.log("tells the truth");
await truthful(page);
console.log("commands");
await run(page, 'SET greeting "hello world"', '"OK"');
await run(page, "GET greeting", '"hello world"');
await passedOn(page);
await byKeyboard(page);
console.log("is accessible");
await accessible(page, "light");
await screenshot(page, "light");
console.log("bars");
await barsMove(page);
console.log("at night");
const night = await open(url, { colorScheme: "dark", reducedMotion: "reduce" });
await run(night, "GET greeting", '"hello world"');
await accessible(night, "dark");
await screenshot(night, "dark");
await night.context().close();
console.log("on a phone");
const small = await open(url, phone);
await fits(small, "phone");
await accessible(small, "phone");
await screenshot(small, "phone");
await small.context().close();
console.log("leaders die");
await failures(page);
console.log("a replica moves");
await moved(page);
await truthful(page);
assert.deepEqual(complaints, []);
console.log("nobody answers");
await orphaned(page); // to which the browser complains that nobody answers
await browser.close();
finish();
