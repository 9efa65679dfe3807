// What nodes say of the cluster over the Redis protocol.
import assert from "node:assert/strict";
import { Redis } from "ioredis";

export class Truth {
  #nodes;

  constructor(nodes) {
    this.#nodes = nodes.map(({ name, client }) => {
      const [host, port] = client.split(":");
      const redis = new Redis({ host, port, lazyConnect: true, maxRetriesPerRequest: null, commandTimeout: 5000 });
      redis.on("error", () => {}); // of one that is down
      return { name, client, redis };
    });
  }

  close() {
    for (const n of this.#nodes) n.redis.disconnect();
  }

  // logs is what the section # Shards of INFO on every node says: "1/n2" -> {shard, node, role, slots, log: [last, commit, applied]}.
  async logs() {
    const all = {};
    await Promise.all(this.#nodes.map(async ({ name, redis }) => {
      for (const line of (await redis.info("shards")).split("\r\n")) {
        const [, shard, rest] = /^shard(\d+):(.*)/.exec(line) ?? [];
        if (!shard) continue;
        const of = (field) => new RegExp(`(?:^|,)${field}=([^=]*?)(?:,[a-z_]+=|$)`).exec(rest)[1];
        all[`${shard}/${name}`] = {
          shard: Number(shard), node: name, role: of("role"), slots: of("slots").split(/[ ,+]/).map((r) => r.split("-").map(Number)),
          log: [of("last"), of("commit"), of("applied")].map(Number),
        };
      }
    }));
    return all;
  }

  // ends is what logs tells of the logs: "1/n2" -> [last, commit, applied].
  async ends() {
    return Object.fromEntries(Object.entries(await this.logs()).map(([k, r]) => [k, r.log]));
  }

  // slots is what CLUSTER SLOTS on the first node says: [{first, last, leader, replicas}], with names of nodes.
  async slots() {
    const name = ([host, port]) => this.#nodes.find((n) => n.client === `${host}:${port}`).name;
    const ranges = await this.#nodes[0].redis.call("CLUSTER", "SLOTS");
    return ranges.map(([first, last, leader, ...replicas]) => ({ first, last, leader: name(leader), replicas: replicas.map(name).sort() }));
  }
}

const places = ["last", "commit", "applied"];

// atMost asserts that none of the named places in a log is beyond where it is said to be later.
export function atMost(ends, later, named = places) {
  for (const [k, log] of Object.entries(ends)) {
    assert(later[k], `${k} is missing`);
    for (const i of named.map((name) => places.indexOf(name))) {
      assert(log[i] <= later[k][i], `${k}: ${places[i]} is ${log[i]}, and ${later[k][i]} later`);
    }
  }
}
