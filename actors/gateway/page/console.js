import { ask } from "./cluster.js";
import { $, make } from "./dom.js";

// A line that runs a command as redis-cli would, and tells which node answered.

const input = $("command");
const typed = [];
let recalled = 0;

// words takes a line apart as redis-cli does: quotes keep spaces, and "" knows \n and its like.
function words(line) {
  const out = [], piece = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))(?=\s|$)/gy;
  for (let m; piece.lastIndex < line.length && (m = piece.exec(line)); ) {
    out.push(m[1] !== undefined ? m[1].replace(/\\(.)/g, (_, c) => ({ n: "\n", r: "\r", t: "\t" })[c] ?? c) : m[2] ?? m[3]);
    if (!line.slice(piece.lastIndex).trim()) return out;
  }
  throw new Error("quotes do not match");
}

$("console").addEventListener("submit", (e) => {
  e.preventDefault();
  const line = input.value.trim();
  if (!line) return;
  typed.push(line);
  recalled = typed.length;
  input.value = "";
  const li = make("li");
  li.append(make("code", "", line));
  $("answers").prepend(li);
  while ($("answers").children.length > 50) $("answers").lastChild.remove();
  run(line, li);
});

async function run(line, li) {
  try {
    const begin = performance.now();
    const answer = await ask("/", { method: "POST", body: JSON.stringify(words(line)) });
    const body = await answer.json(), took = performance.now() - begin;
    li.append(make("pre", body.error ? "bad" : "", body.error ?? print(body.result)), make("span", "dim", where(answer.headers, took)));
  } catch (err) {
    li.append(make("pre", "bad", err.message));
  }
}

function print(v, indent = "") {
  if (!Array.isArray(v)) return v === null ? "(nil)" : typeof v === "number" ? String(v) : JSON.stringify(v);
  return v.length ? v.map((item, i) => `${i ? indent : ""}${i + 1}) ${print(item, indent + "   ")}`).join("\n") : "(empty)";
}

function where(headers, took) {
  const [node, leader, slot, shard] = ["Troupe-Node", "Troupe-Leader", "Troupe-Slot", "Troupe-Shard"].map((h) => headers.get(h));
  const by = !leader ? `${node} answered` : leader === node ? `${node} answered, which leads shard ${shard}` : `${leader} answered, which leads shard ${shard}, through ${node}`;
  return `${by}${slot ? `, slot ${slot}` : ""}, ${took.toFixed(1)} ms`;
}

input.addEventListener("keydown", (e) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
  if (!step || !typed.length) return;
  e.preventDefault();
  recalled = Math.max(0, Math.min(typed.length, recalled + step));
  input.value = typed[recalled] ?? "";
});
