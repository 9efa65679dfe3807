import { replicas, view } from "./cluster.js";
import { $, dark, duration, number, say } from "./dom.js";

// The figures at the top. All but the last three are differences of counters between two pictures.

const points = 120; // of a line
const span = 10; // pictures that a 99th percentile is of
const lines = {};
let before = null;
const lately = { reads: [], writes: [] };

export function showRates() {
  const now = { at: performance.now(), counters: new Map() };
  for (const r of replicas()) {
    now.counters.set(`written/${r.node}/${r.shard}`, r.written);
    now.counters.set(`read/${r.node}/${r.shard}`, r.read);
  }
  for (const n of view.replicas) if (n.answers) addTimes(now.counters, n);
  if (before) {
    const seconds = (now.at - before.at) / 1000;
    point("writes", grown(now, "written/") / seconds, number);
    point("reads", grown(now, "read/") / seconds, number);
    latency(now, "writes", "write-time");
    latency(now, "reads", "read-time");
    point("fsync", mean(now, "syncs"), duration);
  }
  before = now;
  showTotals();
}

function addTimes(counters, n) {
  for (const [what, t] of Object.entries(n.counters)) {
    counters.set(`${what}.count/${n.node}`, t.count);
    counters.set(`${what}.seconds/${n.node}`, t.seconds);
    t.below.forEach(([bound, count]) => counters.set(`${what}.below/${bound}/${n.node}`, count));
  }
}

// grown compares each counter with itself: one of a node that is gone, or was started anew, counts for nothing.
function grown(now, prefix) {
  let sum = 0;
  for (const [k, v] of now.counters) if (k.startsWith(prefix)) sum += Math.max(0, v - (before.counters.get(k) ?? v));
  return sum;
}

// mean is that of a time since the last picture, null where there was none.
function mean(now, what) {
  const count = grown(now, what + ".count/");
  return count ? grown(now, what + ".seconds/") / count : null;
}

function latency(now, what, id) {
  point(id, mean(now, what), duration);
  const bounds = view.replicas.find((n) => n.answers)?.counters[what].below.map(([bound]) => bound) ?? [];
  lately[what].push({ count: grown(now, what + ".count/"), below: bounds.map((b) => [b, grown(now, `${what}.below/${b}/`)]) });
  if (lately[what].length > span) lately[what].shift();
  const p99 = quantile(0.99, lately[what]);
  say($(id + "-most"), `p99 ${p99 === Infinity ? "above " + duration(bounds.at(-1)) : duration(p99)}`);
}

// quantile is the time that a part of all did not exceed, as near as the bounds tell; Infinity beyond the last of them.
function quantile(part, pictures) {
  const target = part * pictures.reduce((n, p) => n + p.count, 0);
  let low = 0, under = 0;
  if (!target) return 0;
  for (const [bound] of pictures.at(-1).below) {
    const n = pictures.reduce((sum, p) => sum + (p.below.find(([b]) => b === bound)?.[1] ?? 0), 0);
    if (n >= target) return low + ((bound - low) * (target - under)) / (n - under);
    [low, under] = [bound, n];
  }
  return Infinity;
}

function showTotals() {
  const keys = new Map();
  for (const r of replicas()) if (r.role === "leader" || !keys.has(r.shard)) keys.set(r.shard, r.keys);
  say($("keys"), number([...keys.values()].reduce((a, b) => a + b, 0)));
  say($("alive"), `${view.cluster.nodes_alive} of ${view.cluster.nodes}`);
  say($("slots-owned"), number(view.cluster.slots_owned));
}

function point(id, value, format) {
  const line = (lines[id] ??= []);
  line.push(value);
  if (line.length > points) line.shift();
  say($(id), format(value));
  draw($(id + "-line"), line);
}

function draw(canvas, line) {
  const scale = devicePixelRatio || 1, w = (canvas.width = canvas.clientWidth * scale), h = (canvas.height = canvas.clientHeight * scale);
  const g = canvas.getContext("2d"), top = Math.max(...line, 1e-9);
  g.strokeStyle = dark.matches ? "#7fb0ff" : "#1554c0";
  g.lineWidth = 1.5 * scale;
  g.lineCap = "round";
  g.beginPath();
  line.forEach((v, i) => {
    const x = ((i + points - line.length) / (points - 1)) * (w - 2 * scale), y = h - scale - (v / top) * (h - 3 * scale);
    if (v === null) return;
    if ((line[i - 1] ?? null) === null) g.moveTo(x, y); // begins anew after a gap
    g.lineTo(x, y);
  });
  g.stroke();
}
