// A browser for scripts that look at the page of a node. The first argument is its program, the second a directory for
// pictures and figures, "" for none.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dir = process.argv[3];

export const patience = { timeout: 60_000 };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox"] });
export const complaints = []; // errors of pages

// blank is a page of a browser that has visited nothing.
export async function blank(options) {
  const page = await (await browser.newContext(options)).newPage();
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  return page;
}

// open shows the page of a node, and returns when all of it is drawn.
export async function open(url, options) {
  const page = await blank(options);
  await page.goto(url);
  await drawn(page);
  return page;
}

export const drawn = (page) => page.waitForFunction(() => performance.getEntriesByName("drawn").length > 0, null, patience);

// accessible runs the checks of axe over the page as it is. Of what is there many times the first few are looked at.
export async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run({ exclude: [[".shard:nth-child(n+13)"], ["li:nth-child(n+13)"]] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], what);
}

// fits asserts that nothing makes the page wider than its window.
export async function fits(page, what) {
  const [whole, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(whole <= window, `${what}: ${whole} pixels wide in a window of ${window}`);
}

export async function screenshot(page, name) {
  if (dir) await page.screenshot({ path: join(dir, name + ".png"), fullPage: true });
}

// figure tells what was measured. Nothing here depends on it.
export function figure(text) {
  console.log("measured: " + text);
  if (dir) appendFileSync(join(dir, "figures.txt"), text + "\n");
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

// eventually repeats what fails until it does not.
export async function eventually(what) {
  for (const until = Date.now() + patience.timeout; ; ) {
    try {
      return await what();
    } catch (err) {
      if (Date.now() > until) throw err;
    }
    await new Promise((later) => setTimeout(later, 50));
  }
}
