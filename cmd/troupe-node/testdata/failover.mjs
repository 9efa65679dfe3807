// What a client of a cluster must come through: writes to keys in all slots while a node dies that leads shards.
import assert from "node:assert/strict";
import { ask } from "./driver.mjs";

const keys = 60;

// throughFailover writes each key over and over by set(key, value), which may fail for a while, and reads them by get.
// What was acknowledged last, or a later value that was tried, must be there.
export async function throughFailover(set, get) {
  const tried = Array(keys).fill(0);
  const acked = Array(keys).fill(0);
  async function write(i) {
    try {
      await set(`during:${i}`, String(++tried[i]));
      acked[i] = tried[i];
      return true;
    } catch {
      return false;
    }
  }
  const all = () => Promise.all(tried.map((_, i) => write(i)));
  console.log("writes");
  assert((await all()).every(Boolean), "writes failed before anything was broken");
  const killed = ask("kill n2");
  for (let i = 0; i < 5; i++) await all();
  await killed;
  console.log("writes once it is dead");
  for (let i = 0; i < keys; i++) while (!(await write(i))) await new Promise((r) => setTimeout(r, 20));
  await ask("revive n2");
  console.log("writes once it is back");
  for (let i = 0; i < keys; i++) while (!(await write(i))) await new Promise((r) => setTimeout(r, 20));
  console.log("reads");
  for (let i = 0; i < keys; i++) {
    const n = Number(await get(`during:${i}`));
    assert(acked[i] <= n && n <= tried[i], `key ${i} is ${n}: ${acked[i]} was acknowledged, ${tried[i]} tried`);
  }
}
