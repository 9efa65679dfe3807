import { nodeName, slotCount, view } from "./cluster.js";
import { $, dark, make, number, rows, say } from "./dom.js";

// The picture of the slots, coloured by shard.

const side = 128; // slots in a row
const canvas = $("slots");
const hint = $("slot-told").textContent;
let drawn = "";
let pointed = -1;

// colour gives the shards hues that are evenly spread, and neighbours such that are far apart; many shards are told apart
// by their lightness too.
export function colour(shard) {
  const n = Math.max(1, view.shards.length), i = view.shards.findIndex((s) => s.id === shard);
  const light = (dark.matches ? 62 : 46) + (n > 8 ? 11 * (i % 3) - 8 : 0);
  return `hsl(${Math.round((360 * ((i * stride(n)) % n)) / n + 215) % 360} 58% ${light}%)`;
}

// stride is a step through n hues that meets them all: near n times the golden ratio's square, and without a factor of n.
function stride(n) {
  const common = (a, b) => (b ? common(b, a % b) : a);
  let s = Math.max(1, Math.round(0.382 * n));
  while (common(s, n) !== 1) s++;
  return s;
}

export function showSlots() {
  const now = JSON.stringify([view.slots.map((s) => [s.first, s.last, s.shard]), view.shards.length, dark.matches, pointed]);
  if (now !== drawn) paint();
  drawn = now;
  if (pointed >= 0) tell();
  rows($("legend"), view.shards, (s) => s.id, () => {
    const li = make("li");
    li.append(make("i"), make("span"));
    return li;
  }, (li, s) => {
    li.firstChild.style.background = colour(s.id);
    say(li.lastChild, `shard ${s.id}: ${number(slotCount(s))}`);
  });
}

function paint() {
  const g = canvas.getContext("2d"), cell = canvas.width / side;
  g.clearRect(0, 0, canvas.width, canvas.height);
  for (const run of view.slots) {
    g.fillStyle = colour(run.shard);
    // The piece of its first row, all the rows that are full, and what is left.
    for (let at = run.first; at <= run.last; ) {
      const x = at % side, rest = run.last + 1 - at;
      const wide = Math.min(rest, side - x), high = wide === side ? Math.floor(rest / side) : 1;
      g.fillRect(x * cell, Math.floor(at / side) * cell, wide * cell, high * cell);
      at += wide * high;
    }
  }
  if (pointed < 0) return;
  const x = (pointed % side) * cell, y = Math.floor(pointed / side) * cell;
  for (const [style, by] of [["#fff", 2], ["#000", 1]]) {
    g.strokeStyle = style;
    g.lineWidth = cell;
    g.strokeRect(x - by * cell + cell / 2, y - by * cell + cell / 2, 2 * by * cell, 2 * by * cell);
  }
}

function tell() {
  const run = view.slots.find((r) => r.first <= pointed && pointed <= r.last);
  say($("slot-told"), run ? `Slot ${pointed} is in shard ${run.shard} (${run.first}–${run.last}), led by ${nodeName(run.leader)}.` : `Slot ${pointed} has no owner.`);
}

function pointAt(slot) {
  pointed = Math.max(0, Math.min(side * side - 1, slot));
  showSlots();
}

function pointFrom(e) {
  const box = canvas.getBoundingClientRect();
  const at = (v, from, size) => Math.max(0, Math.min(side - 1, Math.floor(((v - from) / size) * side)));
  pointAt(at(e.clientY, box.top, box.height) * side + at(e.clientX, box.left, box.width));
}

// forget takes the mark away; a finger that is lifted leaves it.
function forget(e) {
  if (e.pointerType === "touch" || pointed < 0) return;
  pointed = -1;
  say($("slot-told"), hint);
  showSlots();
}

canvas.addEventListener("pointermove", pointFrom);
canvas.addEventListener("pointerdown", pointFrom);
canvas.addEventListener("pointerleave", forget);
canvas.addEventListener("blur", forget);
canvas.addEventListener("keydown", (e) => {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: side, ArrowUp: -side, PageDown: 8 * side, PageUp: -8 * side }[e.key];
  if (!step) return;
  e.preventDefault();
  pointAt(Math.max(0, pointed) + step);
});
