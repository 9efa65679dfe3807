import { nodeName, replicas, view } from "./cluster.js";
import { $, make, number, rows, say } from "./dom.js";
import { colour } from "./slots.js";

// Each shard's replicas as bars. A bar shows a piece of the log of this many entries, or more where replicas are further
// apart than that: the ends of all replicas are in it.
const windowSize = 200;

export function showShards() {
  const all = replicas();
  rows($("shards"), view.shards, (s) => s.id, () => {
    const el = make("div", "shard"), h = make("h3");
    h.append(make("i"), make("span"));
    el.append(h, make("div", "replicas"));
    return el;
  }, (el, s) => showShard(el, s, all.filter((r) => r.shard === s.id)));
}

function showShard(el, s, mine) {
  const most = Math.max(0, ...mine.map((r) => r.last)), least = Math.min(most, ...mine.map((r) => r.applied));
  const from = Math.min(least, Math.floor(Math.max(0, most - 1) / windowSize) * windowSize), size = Math.max(windowSize, most - from);
  const term = Math.max(s.term, ...mine.map((r) => r.term));
  el.querySelector("h3 i").style.background = colour(s.id);
  say(el.querySelector("h3 span"), s.leader ? `shard ${s.id}, led by ${nodeName(s.leader)} in term ${term}` : `shard ${s.id} has no leader, term ${term}`);
  el.classList.toggle("headless", !s.leader);
  rows(el.lastChild, s.members, (m) => m.replica, makeReplica, (row, m) => showReplica(row, s, m, mine.find((r) => r.node === m.node), from, size));
}

function makeReplica() {
  const row = make("div", "replica"), bar = make("div", "bar");
  bar.setAttribute("role", "img");
  bar.append(make("i", "last"), make("i", "commit"), make("i", "applied"));
  row.append(make("span", "name"), make("span", "role"), bar, make("span", "count"));
  return row;
}

function showReplica(row, shard, member, r, from, size) {
  const [name, role, bar, count] = row.children;
  const leads = member.node === shard.leader;
  row.className = "replica" + (leads ? " leader" : "") + (r ? "" : " silent");
  say(name, nodeName(member.node));
  name.title = name.textContent; // which may be cut
  say(role, !r ? "silent" : member.learner ? "learner" : leads ? "leader" : r.role === "follower" || r.role === "leader" ? "" : r.role);
  say(count, r ? number(r.commit) : "");
  bar.classList.toggle("unknown", !r);
  bar.title = r ? `${nodeName(member.node)}, ${r.role}: last ${r.last}, commit ${r.commit}, applied ${r.applied}` : `${nodeName(member.node)} tells nothing of its log`;
  bar.setAttribute("aria-label", bar.title);
  const ends = r ? [r.last, r.commit, r.applied] : [from, from, from];
  ends.forEach((v, i) => { bar.children[i].style.width = Math.max(0, ((v - from) / size) * 100) + "%"; });
}
