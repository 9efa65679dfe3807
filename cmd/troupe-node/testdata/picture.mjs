// What the page shows, read from its elements and pixels.

export const read = (page) => page.evaluate(() => {
  const legend = [...document.querySelectorAll("#legend li")].map((li) => {
    const [, shard, slots] = /^shard (\d+): ([\d,]+)$/.exec(li.textContent);
    return { shard: Number(shard), slots: Number(slots.replaceAll(",", "")), colour: getComputedStyle(li.firstChild).backgroundColor.match(/\d+/g).map(Number) };
  });
  const canvas = document.getElementById("slots"), cell = canvas.width / 128;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const painted = (slot) => {
    const at = 4 * ((Math.floor(slot / 128) * cell + 1) * canvas.width + (slot % 128) * cell + 1);
    return legend.find(({ colour }) => colour.every((c, i) => Math.abs(c - pixels[at + i]) <= 2))?.shard;
  };
  const shards = [...document.querySelectorAll(".shard")].map((el) => {
    const [, shard, leader] = /^shard (\d+)(?:, led by (\S+))?/.exec(el.querySelector("h3").textContent);
    const replicas = [...el.querySelectorAll(".replica")].map((row) => ({
      node: row.querySelector(".name").textContent,
      role: row.querySelector(".role").textContent,
      log: (/last (\d+), commit (\d+), applied (\d+)/.exec(row.querySelector(".bar").title) ?? []).slice(1).map(Number),
      widths: [...row.querySelectorAll(".bar i")].map((i) => parseFloat(i.style.width)),
    }));
    return { shard: Number(shard), leader, replicas };
  });
  return { legend, shards, slots: Array.from({ length: 16384 }, (_, slot) => painted(slot)) };
});

// logs is what the bars say: "1/n2" -> [last, commit, applied].
export const logs = (picture) =>
  Object.fromEntries(picture.shards.flatMap((s) => s.replicas.filter((r) => r.log.length).map((r) => [`${s.shard}/${r.node}`, r.log])));

// watch notes when the page first shows a text that it did not show before, in ms: an event, a shard's heading, or what
// the table says of a node's state.
export const watch = (page) => page.evaluate(() => {
  const old = new Set(document.querySelectorAll("#events li"));
  const look = () => {
    const at = Date.now();
    const see = (text) => (window.seen[text] ??= at);
    for (const li of document.querySelectorAll("#events li")) if (!old.has(li)) see("event: " + li.lastChild.textContent);
    for (const h of document.querySelectorAll(".shard h3")) see("shard: " + h.textContent);
    for (const tr of document.querySelectorAll("#nodes tr")) see(`node: ${tr.children[0].textContent} ${tr.children[1].textContent}`);
  };
  window.watcher?.disconnect();
  window.seen = {};
  window.watcher = new MutationObserver(look);
  window.watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
});

// firstSeen waits until the page has shown a text that matches, and returns when that was.
export const firstSeen = async (page, pattern, options) => {
  const found = await page.waitForFunction((source) => {
    const times = Object.entries(window.seen).filter(([text]) => new RegExp(source).test(text)).map(([, at]) => at);
    return times.length ? { at: Math.min(...times) } : null;
  }, pattern.source, options);
  return (await found.jsonValue()).at;
};
