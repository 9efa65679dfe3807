// What the page's own node knows of the cluster. The page asks nobody else.

let token = sessionStorage.getItem("token") || "";

// view is the newest picture of the cluster.
export const view = { cluster: null, slots: [], shards: [], nodes: [], replicas: [] };

export class Refused extends Error {}

export async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = "Bearer " + token;
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 401) throw new Refused((await answer.json()).error);
  return answer;
}

export const hasToken = () => token !== "";

export function useToken(t) {
  token = t;
  sessionStorage.setItem("token", t);
}

async function get(path) {
  const answer = await ask("/v1/" + path, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

export async function refresh() {
  const [cluster, slots, shards, nodes, replicas] = await Promise.all(["cluster", "slots", "shards", "nodes", "replicas"].map(get));
  Object.assign(view, { cluster, slots, shards, nodes, replicas });
}

export function nodeName(id) {
  const n = view.nodes.find((node) => node.id === id);
  return n ? n.name || n.id.slice(0, 8) : id ? id.slice(0, 8) : "nobody";
}

// replicas lists what the nodes say of their replicas.
export const replicas = () => view.replicas.flatMap((n) => n.replicas.map((r) => ({ ...r, node: n.node })));

export const slotCount = (shard) => shard.slots.reduce((n, [first, last]) => n + last - first + 1, 0);
