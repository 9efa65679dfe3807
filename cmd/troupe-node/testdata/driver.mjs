// What a script asks of the test that runs it: a line on standard output names it, and a line of JSON is the answer.
//
//	kill n2, revive n2    ends a node as a crash would, and starts it again
//	add                   starts one more node
//	nodes                 nothing but the answer
//
// The answer tells when it was begun, in ms, and what nodes there are: {at, nodes: [{name, client, http}]}.
import { once } from "node:events";

export async function ask(what) {
  const answer = once(process.stdin, "data");
  console.log(what);
  return JSON.parse((await answer)[0]);
}

// finish is the orderly end.
export function finish() {
  console.log("done");
  process.exit(0);
}
