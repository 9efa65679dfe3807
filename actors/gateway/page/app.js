"use strict";

// The page asks its own node for everything: pictures of the cluster twice a second, and a stream of events.

const $ = (id) => document.getElementById(id);
const pollEvery = 500; // ms
const history = 120; // points of a line
const side = 128; // slots in a row of the picture
let token = sessionStorage.getItem("token") || "";
let view = { slots: [], shards: [], nodes: [], replicas: [] };

// -- asking

class Refused extends Error {}

async function ask(path, options = {}) {
  const headers = token ? { Authorization: "Bearer " + token } : {};
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 401) throw new Refused((await answer.json()).error);
  return answer;
}

async function get(path) {
  const answer = await ask("/v1/" + path);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

async function poll() {
  try {
    const [cluster, slots, shards, nodes, replicas] = await Promise.all(["cluster", "slots", "shards", "nodes", "replicas"].map(get));
    view = { cluster, slots, shards, nodes, replicas };
    logIn(false);
    show();
  } catch (err) {
    if (err instanceof Refused) return logIn(true, err.message);
    state("fail", "no answer");
  }
  setTimeout(poll, pollEvery);
}

function logIn(needed, why = "") {
  $("login").hidden = !needed;
  $("main").hidden = needed;
  $("denied").textContent = needed && token ? why : "";
  if (needed) state("", "locked");
}

$("login").addEventListener("submit", (e) => {
  e.preventDefault();
  token = $("token").value;
  sessionStorage.setItem("token", token);
  begin();
});

// -- making elements

function make(tag, className, text) {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text !== undefined) el.textContent = text;
  return el;
}

// rows keeps one child for each item, made once and then updated, so that bars can move.
function rows(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((el) => [el.dataset.key, el]));
  items.forEach((item, i) => {
    const k = String(key(item));
    let el = old.get(k);
    if (!el) {
      el = create(item);
      el.dataset.key = k;
    }
    old.delete(k);
    if (parent.children[i] !== el) parent.insertBefore(el, parent.children[i] || null);
    update(el, item);
  });
  old.forEach((el) => el.remove());
}

const dark = matchMedia("(prefers-color-scheme: dark)");

// colour spreads the shards over the wheel, and tells neighbours of a large cluster apart by their lightness.
function colour(shard) {
  const i = view.shards.findIndex((s) => s.id === shard), n = Math.max(1, view.shards.length);
  const light = (dark.matches ? 62 : 46) + (n > 8 && i % 2 ? 12 : 0);
  return `hsl(${Math.round((360 * i) / n + 215) % 360} 58% ${light}%)`;
}

const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
const nodeName = (id) => {
  const n = view.nodes.find((node) => node.id === id);
  return n ? n.name || n.id.slice(0, 8) : id ? id.slice(0, 8) : "nobody";
};
const number = (n) => n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });

// -- showing

function state(kind, text) {
  $("state").className = "badge " + kind;
  set("state", text);
}

function show() {
  const c = view.cluster;
  state(c.state, c.state === "ok" ? "all slots served" : "not all slots served");
  set("self", `as seen by ${nodeName(c.node)}, version ${c.version}, cluster ${c.cluster.slice(0, 8)}`);
  set("alive", `${c.nodes_alive} of ${c.nodes}`);
  set("slots-owned", number(c.slots_owned));
  showRates();
  showSlots();
  showShards();
  showNodes();
}

const all = () => view.replicas.flatMap((n) => n.replicas.map((r) => ({ ...r, node: n.node })));
const lines = { writes: [], reads: [], fsync: [] };
let before = null;

// showRates compares counters, each with itself: a node that is gone, or was started anew, counts for nothing.
function showRates() {
  const now = { at: performance.now(), written: new Map(), read: new Map(), syncs: new Map(), sync_seconds: new Map() };
  for (const r of all()) {
    now.written.set(`${r.node}/${r.shard}`, r.written);
    now.read.set(`${r.node}/${r.shard}`, r.read);
  }
  for (const n of view.replicas) {
    if (!n.answers) continue;
    now.syncs.set(n.node, n.counters.syncs);
    now.sync_seconds.set(n.node, n.counters.sync_seconds);
  }
  if (before) {
    const seconds = (now.at - before.at) / 1000;
    const grown = (what) => [...now[what]].reduce((sum, [k, v]) => sum + Math.max(0, v - (before[what].get(k) ?? v)), 0);
    const syncs = grown("syncs");
    point("writes", grown("written") / seconds, number);
    point("reads", grown("read") / seconds, number);
    point("fsync", syncs ? (1000 * grown("sync_seconds")) / syncs : 0, (ms) => (ms ? ms.toFixed(2) + " ms" : "–"));
  }
  before = now;
  const keys = new Map();
  for (const r of all()) if (r.role === "leader" || !keys.has(r.shard)) keys.set(r.shard, r.keys);
  set("keys", number([...keys.values()].reduce((a, b) => a + b, 0)));
}

function point(id, value, format) {
  const line = lines[id];
  line.push(value);
  if (line.length > history) line.shift();
  set(id, format(value));
  draw($(id + "-line"), line);
}

function draw(canvas, line) {
  const scale = devicePixelRatio || 1, w = (canvas.width = canvas.clientWidth * scale), h = (canvas.height = canvas.clientHeight * scale);
  const g = canvas.getContext("2d"), top = Math.max(...line, 1e-9);
  g.strokeStyle = dark.matches ? "#7fb0ff" : "#1554c0";
  g.lineWidth = 1.5 * scale;
  g.beginPath();
  line.forEach((v, i) => g.lineTo(((i + history - line.length) / (history - 1)) * w, h - scale - (v / top) * (h - 3 * scale)));
  g.stroke();
}

let drawn = "";
let pointed = -1;

function showSlots() {
  const now = JSON.stringify(view.slots.map((s) => [s.first, s.last, s.shard])) + view.shards.length + dark.matches + pointed;
  if (now !== drawn) {
    drawn = now;
    const g = $("slots").getContext("2d"), cell = $("slots").width / side;
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    for (const run of view.slots) {
      g.fillStyle = colour(run.shard);
      for (let s = run.first; s <= run.last; s++) g.fillRect((s % side) * cell, Math.floor(s / side) * cell, cell, cell);
    }
    if (pointed >= 0) {
      g.fillStyle = dark.matches ? "#fff" : "#000";
      g.fillRect((pointed % side) * cell - cell, Math.floor(pointed / side) * cell - cell, 3 * cell, 3 * cell);
    }
  }
  if (pointed >= 0) tellSlot();
  rows($("legend"), view.shards, (s) => s.id, () => {
    const li = make("li");
    li.append(make("i"), make("span"));
    return li;
  }, (li, s) => {
    li.firstChild.style.background = colour(s.id);
    li.lastChild.textContent = `shard ${s.id}: ${number(slotCount(s))}`;
  });
}

const slotCount = (s) => s.slots.reduce((n, [first, last]) => n + last - first + 1, 0);

function tellSlot() {
  const run = view.slots.find((r) => r.first <= pointed && pointed <= r.last);
  set("slot-told", run ? `Slot ${pointed} is in shard ${run.shard} (${run.first}–${run.last}), led by ${nodeName(run.leader)}.` : `Slot ${pointed} has no owner.`);
}

function pointAt(slot) {
  pointed = Math.max(0, Math.min(side * side - 1, slot));
  showSlots();
}

$("slots").addEventListener("pointermove", (e) => pointFrom(e));
$("slots").addEventListener("pointerdown", (e) => pointFrom(e));
function pointFrom(e) {
  const box = $("slots").getBoundingClientRect();
  const at = (v, from, size) => Math.max(0, Math.min(side - 1, Math.floor(((v - from) / size) * side)));
  pointAt(at(e.clientY, box.top, box.height) * side + at(e.clientX, box.left, box.width));
}
$("slots").addEventListener("keydown", (e) => {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: side, ArrowUp: -side, PageDown: 8 * side, PageUp: -8 * side }[e.key];
  if (!step) return;
  e.preventDefault();
  pointAt(Math.max(0, pointed) + step);
});

// The window of a shard's bars: a piece of its log that has the end of all replicas in it.
const windowSize = 200;

function showShards() {
  const replicas = all();
  rows($("shards"), view.shards, (s) => s.id, () => {
    const el = make("div", "shard"), h = make("h3");
    h.append(make("i"), make("span"));
    el.append(h, make("div"));
    return el;
  }, (el, s) => {
    const mine = replicas.filter((r) => r.shard === s.id);
    const most = Math.max(0, ...mine.map((r) => r.last)), least = Math.min(most, ...mine.map((r) => r.applied));
    const from = Math.min(least, Math.floor(Math.max(0, most - 1) / windowSize) * windowSize), size = Math.max(windowSize, most - from);
    el.querySelector("h3 i").style.background = colour(s.id);
    const text = `shard ${s.id}, term ${Math.max(s.term, ...mine.map((r) => r.term))}, led by ${nodeName(s.leader)}`;
    const title = el.querySelector("h3 span");
    if (title.textContent !== text) title.textContent = text;
    rows(el.lastChild, s.members, (m) => m.replica, makeReplica, (row, m) => showReplica(row, m, mine.find((r) => r.node === m.node), from, size));
  });
}

function makeReplica() {
  const row = make("div", "replica"), bar = make("div", "bar");
  bar.setAttribute("role", "img");
  bar.append(make("i", "last"), make("i", "commit"), make("i", "applied"));
  row.append(make("span"), bar, make("span"));
  return row;
}

function showReplica(row, member, r, from, size) {
  const [name, bar, count] = row.children;
  row.className = "replica" + (r && r.role === "leader" ? " leader" : "");
  name.textContent = nodeName(member.node);
  name.title = (r ? r.role : "silent") + (member.learner ? ", a learner" : "");
  count.textContent = r ? String(r.commit) : "silent";
  bar.hidden = !r;
  if (!r) return;
  bar.title = `${r.role}: last ${r.last}, commit ${r.commit}, applied ${r.applied}`;
  bar.setAttribute("aria-label", bar.title);
  [r.last, r.commit, r.applied].forEach((v, i) => { bar.children[i].style.width = Math.max(0, ((v - from) / size) * 100) + "%"; });
}

function showNodes() {
  rows($("nodes"), view.nodes, (n) => n.id, () => {
    const tr = make("tr"), th = make("th");
    th.scope = "row";
    tr.append(th, ...Array.from({ length: 5 }, () => make("td")));
    return tr;
  }, (tr, n) => {
    const texts = [n.name || n.id.slice(0, 8), n.alive ? (n.gateway ? "gateway" : "alive") : "down", n.zone || "–", n.leads.join(" ") || "–", n.holds.join(" ") || "–", n.client || "–"];
    texts.forEach((text, i) => { if (tr.children[i].textContent !== text) tr.children[i].textContent = text; });
    tr.children[0].title = n.id;
    tr.children[1].className = n.alive ? "good" : "bad";
  });
}

// -- events

async function follow() {
  try {
    const answer = await ask("/v1/events");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data) tell(JSON.parse(data.slice(6)));
      }
    }
  } catch (err) {
    if (err instanceof Refused) return;
  }
  setTimeout(follow, 2 * pollEvery);
}

function tell(event) {
  const list = $("events"), li = make("li"), time = make("time", "", new Date(event.at).toLocaleTimeString());
  time.dateTime = event.at;
  li.append(time, make("span", "", event.text));
  if (list.querySelector(".dim")) list.replaceChildren();
  list.prepend(li);
  while (list.children.length > 100) list.lastChild.remove();
}

// -- console

// words takes a line apart as redis-cli does: quotes keep spaces, and "" knows \n and its like.
function words(line) {
  const out = [], piece = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))(?=\s|$)/gy;
  for (let m; piece.lastIndex < line.length && (m = piece.exec(line)); ) {
    out.push(m[1] !== undefined ? m[1].replace(/\\(.)/g, (_, c) => ({ n: "\n", r: "\r", t: "\t" })[c] ?? c) : m[2] ?? m[3]);
    if (!line.slice(piece.lastIndex).trim()) return out;
  }
  throw new Error("quotes do not match");
}

const typed = [];
let recalled = 0;

$("console").addEventListener("submit", async (e) => {
  e.preventDefault();
  const line = $("command").value.trim();
  if (!line) return;
  typed.push(line);
  recalled = typed.length;
  $("command").value = "";
  const li = make("li");
  li.append(make("code", "", line));
  $("answers").prepend(li);
  while ($("answers").children.length > 50) $("answers").lastChild.remove();
  try {
    const begin = performance.now();
    const answer = await ask("/", { method: "POST", body: JSON.stringify(words(line)) });
    const body = await answer.json(), took = performance.now() - begin;
    li.append(make("pre", body.error ? "bad" : "", body.error ?? print(body.result)), make("span", "dim", where(answer.headers, took)));
  } catch (err) {
    li.append(make("pre", "bad", err.message));
  }
});

function print(v, indent = "") {
  if (!Array.isArray(v)) return v === null ? "(nil)" : typeof v === "number" ? String(v) : JSON.stringify(v);
  return v.length ? v.map((item, i) => `${i ? indent : ""}${i + 1}) ${print(item, indent + "   ")}`).join("\n") : "(empty)";
}

function where(headers, took) {
  const [node, leader, slot, shard] = ["Troupe-Node", "Troupe-Leader", "Troupe-Slot", "Troupe-Shard"].map((h) => headers.get(h));
  const by = !leader ? `${node} answered` : leader === node ? `${node} answered, which leads shard ${shard}` : `${leader} answered, which leads shard ${shard}, through ${node}`;
  return `${by}${slot ? `, slot ${slot}` : ""}, ${took.toFixed(1)} ms`;
}

$("command").addEventListener("keydown", (e) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
  if (!step || !typed.length) return;
  e.preventDefault();
  recalled = Math.max(0, Math.min(typed.length, recalled + step));
  $("command").value = typed[recalled] ?? "";
});

function begin() {
  poll();
  follow();
}

begin();
