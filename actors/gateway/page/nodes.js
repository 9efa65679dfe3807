import { view } from "./cluster.js";
import { $, make, rows, say } from "./dom.js";

export function showNodes() {
  rows($("nodes"), view.nodes, (n) => n.id, () => {
    const tr = make("tr"), th = make("th");
    th.scope = "row";
    tr.append(th, ...Array.from({ length: 5 }, () => make("td")));
    tr.children[2].className = "zone";
    tr.children[3].className = tr.children[4].className = "list";
    return tr;
  }, (tr, n) => {
    const texts = [n.name || n.id.slice(0, 8), stateOf(n), n.zone || "–", n.leads.join(" ") || "–", n.holds.join(" ") || "–", n.client || "–"];
    texts.forEach((text, i) => say(tr.children[i], text));
    tr.children[0].title = `${texts[0]} ${n.id}`;
    tr.children[2].title = n.zone;
    tr.children[1].className = "state " + (n.alive && n.linked ? (n.says.length ? "warn" : "good") : "bad");
  });
}

function stateOf(n) {
  if (!n.alive) return "down";
  return [n.linked ? (n.gateway ? "gateway" : "alive") : "out of reach", ...n.says].join(", ");
}
