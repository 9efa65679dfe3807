import { ask, Refused } from "./cluster.js";
import { $, make } from "./dom.js";

// The list of what changed: what the node kept from before the page was opened, and what it tells from then on.

const again = 1000; // ms before a stream that ended is asked for again
const shown = 200; // events
const list = $("events");
let last = "0"; // the newest event's id
let stream = null;

// follow reads events, as long as the page is seen, and calls changed after each piece of news.
export async function follow(changed) {
  if (stream || document.hidden) return;
  stream = new AbortController();
  try {
    const answer = await ask("/v1/events", { headers: { "Last-Event-ID": last }, signal: stream.signal });
    if (answer.ok) await read(answer.body, changed);
  } catch (err) {
    if (err instanceof Refused) return;
  } finally {
    stream = null;
  }
  setTimeout(follow, again, changed);
}

async function read(body, changed) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    const events = parts.flatMap((part) => part.split("\n").filter((line) => line.startsWith("data: "))).map((line) => JSON.parse(line.slice(6)));
    events.forEach(tell);
    if (events.length) changed();
    list.setAttribute("aria-live", "polite"); // from now on: what was before is not read out
  }
}

function tell(event) {
  last = String(event.id);
  const li = make("li", event.kind), at = new Date(event.at), time = make("time", "", at.toLocaleTimeString());
  time.dateTime = event.at;
  time.title = at.toLocaleString();
  li.append(time, make("span", "", event.text));
  if (list.querySelector(".none")) list.replaceChildren();
  list.prepend(li);
  while (list.children.length > shown) list.lastChild.remove();
}

// A page that nobody sees leaves its place to others: a browser opens few connections to one node.
document.addEventListener("visibilitychange", () => { if (document.hidden) stream?.abort(); });
