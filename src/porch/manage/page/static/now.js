// What a tired person wants to know first: is it well, and if not, what is it.

import { clock, count, duration, el, mark, rate, say, share, span, visible } from "./dom.js";
import { SIGN, isClosed } from "./door.js";

const DAY = 86400;
// Seconds before the end of a certificate at which it is told: of one that the door renews itself
// that has failed for long by then.
export const soon = (isManaged) => (isManaged ? DAY : 14 * DAY);
const MOST = 12;

export function sentence(door) {
  const picture = door.picture;
  const now = picture.now;
  const trouble = picture.silent ? "the supervisor does not answer" : now?.trouble;
  const state = trouble ? `Not serving as it should: ${visible(trouble)}.` : "Serving.";
  const clients = picture.workers.reduce((sum, each) => sum + (each.connections || 0), 0);
  const running = picture.workers.reduce((sum, each) => sum + (each.running || 0), 0);
  const here = `${count(clients)} client${clients === 1 ? "" : "s"}, ${count(running)} in flight.`;
  if (!picture.all) return `${state} No request in the last ${span(picture.seconds)}. ${here}`;
  const [, flow, failed, p50, p99] = picture.all;
  return `${state} ${rate(flow)}, ${share(failed, flow)} fail; half within ${duration(p50)}, 99 % within ${duration(p99)}. ${here}`;
}

// [tone, text], the worst first
export function troubles(door) {
  const picture = door.picture;
  const found = [];
  const bad = (text) => found.push(["bad", text]);
  const warn = (text) => found.push(["warn", text]);
  if (picture.silent) bad("The supervisor does not answer: porch status, or restart the door. Workers may serve on.");
  const now = picture.now;
  if (now?.trouble) bad(`No new requests are welcome: ${visible(now.trouble)}.`);
  const worded = (found) => Object.entries(found).map(([word, many]) => `${count(many)} ${visible(word)}`);
  const reasons = worded(picture.reasons);
  const refused = worded(picture.refused).slice(0, 5);
  if (picture.all && picture.all[2] / picture.all[1] >= 0.01) {
    const where = [...door.routes]
      .filter((each) => each.failed)
      .sort((one, other) => other.failed - one.failed)
      .map((each) => `${share(each.failed, each.rate)} of ${each.name}`);
    const said = [...where.slice(0, 3), ...reasons.slice(0, 5)].join(", ");
    bad(`${share(picture.all[2], picture.all[1])} of all requests fail${said ? `: ${said}` : ""}.`);
  } else if (reasons.length) warn(`In the last ${span(picture.seconds)}: ${reasons.slice(0, 5).join(", ")}.`);
  if (refused.length) warn(`Refused in the last ${span(picture.seconds)}: ${refused.join(", ")}.`);
  const out = door.endpoints.filter((each) => each.why && !each.drained);
  for (const each of out.slice(0, MOST)) bad(`${each.name} is ${each.why}.`);
  if (out.length > MOST) bad(`${out.length - MOST} more endpoints are out.`);
  for (const each of picture.workers) {
    if (each.missed > 2) bad(`Worker ${each.pid} has been hanging for ${each.missed} s: porch status shows where.`);
    else if (!each.ready && each.slot >= 0) warn(`Worker ${each.pid} is starting.`);
  }
  if (!now) return found;
  if (now.refused) warn("The last change of the configuration was refused; the one before runs on. porch check says why.");
  for (const [source, why] of now.lost) warn(`${visible(source)} cannot be asked: ${visible(why)}. The endpoints that were known stay.`);
  for (const [host, end, isManaged] of [...now.ends].sort((a, b) => a[1] - b[1])) {
    const left = end - picture.at;
    if (left <= 0) bad(`The certificate of ${visible(host)} has ended.`);
    else if (left < soon(isManaged)) warn(`The certificate of ${visible(host)} ends in ${span(left)}.`);
  }
  const drained = door.endpoints.filter((each) => each.drained);
  for (const each of drained.slice(0, MOST)) {
    warn(`${each.name} is drained by an operator${each.running ? `, ${each.running} still run there` : ""}.`);
  }
  for (const each of door.routes.filter(isClosed)) {
    warn(`${each.name} is in maintenance${each.until ? ` until ${clock(each.until)}` : ""}.`);
  }
  return found;
}

export function show(door, state, list) {
  say(state, sentence(door));
  const found = troubles(door);
  if (!found.length) found.push(["", "Nothing is wrong that the door knows of."]);
  while (list.children.length > found.length) list.lastChild.remove();
  found.forEach(([tone, text], at) => {
    let line = list.children[at];
    if (!line) {
      line = el("li", {}, el("b"), " ", el("span"));
      list.append(line);
    }
    mark(line, "class", tone || "good");
    say(line.children[0], tone === "bad" ? `${SIGN.bad} wrong` : tone === "warn" ? `${SIGN.warn} note` : `${SIGN.good} well`);
    say(line.children[1], text);
  });
}
