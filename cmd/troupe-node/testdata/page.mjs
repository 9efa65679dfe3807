// The page of a node in a browser, while another node is killed: the line "kill" asks for that.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [url, executablePath] = process.argv.slice(2);
const patience = { timeout: 60_000 };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const complaints = [];

async function open(options) {
  const page = await (await browser.newContext(options)).newPage();
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(url);
  await page.waitForSelector(".badge.ok", patience);
  return page;
}

// accessible runs the checks of axe over the page as it is.
async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], what);
}

async function run(page, line, answer) {
  await page.fill("#command", line);
  await page.press("#command", "Enter");
  await page.waitForSelector("#answers li:first-child pre", patience);
  await page.waitForFunction(([l, a]) => {
    const li = document.querySelector("#answers li");
    return li.querySelector("code").textContent === l && li.querySelector("pre")?.textContent === a && / answered/.test(li.textContent);
  }, [line, answer], patience);
}

// whole compares what is shown with what the node says.
async function whole(page) {
  const shards = await (await page.request.get(url + "/v1/shards")).json();
  const slots = (await page.locator("#legend li").allTextContents()).map((t) => Number(t.split(":")[1].replace(",", "")));
  assert.deepEqual(slots, shards.map((s) => s.slots.reduce((n, [first, last]) => n + last - first + 1, 0)));
  assert.equal(await page.locator(".replica").count(), shards.reduce((n, s) => n + s.members.length, 0));
  await page.focus("#slots");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#slot-told"), /^Slot 1 is in shard \d+/);
  const colours = await page.evaluate((runs) => {
    const g = document.getElementById("slots").getContext("2d");
    return runs.map(([s]) => g.getImageData(2 * (s % 128), 2 * Math.floor(s / 128), 1, 1).data.join());
  }, shards.map((s) => s.slots[0].map((slot) => slot + 700)));
  assert.equal(new Set(colours).size, shards.length, "each shard has a colour of its own");
}

const page = await open({ colorScheme: "light" });
await page.waitForFunction(() => document.querySelectorAll(".replica .bar:not([hidden])").length === 18, null, patience);
await whole(page);
await run(page, 'SET greeting "hello world"', '"OK"');
await run(page, "GET greeting", '"hello world"');
await accessible(page, "light");
await accessible(await open({ colorScheme: "dark" }), "dark");
const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 390);
console.log("kill");
await once(process.stdin, "data");
await page.waitForFunction(() => /is lost/.test(document.getElementById("events").textContent) && / leads shard /.test(document.getElementById("events").textContent), null, patience);
await page.waitForFunction(() => [...document.querySelectorAll("#nodes td.bad")].map((td) => td.textContent).join() === "down", null, patience);
await page.waitForSelector(".badge.ok", patience);
await run(page, "GET greeting", '"hello world"');
assert.deepEqual(complaints, []);
await browser.close();
console.log("done");
process.exit(0);
