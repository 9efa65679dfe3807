import { hasToken, nodeName, refresh, Refused, useToken, view } from "./cluster.js";
import "./console.js";
import { $, dark, say } from "./dom.js";
import { follow } from "./events.js";
import { showNodes } from "./nodes.js";
import { showRates } from "./rates.js";
import { showShards } from "./shards.js";
import { showSlots } from "./slots.js";

// A picture of the cluster twice a second, and at once when an event tells of a change.

const pollEvery = 500; // ms
let timer = 0;
let asking = false;
let news = false; // since the picture that is asked for was

async function poll() {
  if (asking) {
    news = true;
    return;
  }
  clearTimeout(timer);
  if (document.hidden) return;
  [asking, news] = [true, false];
  const open = await picture();
  asking = false;
  if (open) timer = setTimeout(poll, news ? 0 : pollEvery);
}

// picture shows the cluster as it is, and reports whether the node shows itself.
async function picture() {
  try {
    await refresh();
    logIn(false);
    show();
  } catch (err) {
    if (err instanceof Refused) {
      logIn(true, err.message);
      return false;
    }
    state("fail", "no answer");
    document.body.classList.add("stale");
  }
  return true;
}

function show() {
  const c = view.cluster;
  document.body.classList.remove("stale");
  state(c.state, c.state === "ok" ? "all slots served" : "not all slots served");
  say($("self"), `as seen by ${nodeName(c.node)}, version ${c.version}, cluster ${c.cluster.slice(0, 8)}`);
  showRates();
  showSlots();
  showShards();
  showNodes();
  if (!performance.getEntriesByName("drawn").length) performance.mark("drawn");
}

function state(kind, text) {
  $("state").className = "badge " + kind;
  say($("state"), text);
}

function logIn(needed, why = "") {
  $("login").hidden = !needed;
  $("main").hidden = needed;
  $("denied").textContent = needed && hasToken() ? why : "";
  if (needed) state("", "locked");
}

$("login").addEventListener("submit", (e) => {
  e.preventDefault();
  useToken($("token").value);
  begin();
});

function begin() {
  poll();
  follow(poll);
}

dark.addEventListener("change", () => {
  showSlots();
  showShards();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) begin(); });
begin();
