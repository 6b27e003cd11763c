// What would become of a request now: the workers are asked, and nothing is sent.

import { ask } from "./api.js";
import { byId, visible } from "./dom.js";

export function explaining() {
  const out = byId("explained");
  byId("explain").addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = { method: byId("explain-method").value, url: byId("explain-url").value.trim() };
    let found;
    try {
      found = [...lines((await ask("explain", words)).answer)];
    } catch (error) {
      found = [["not explained", error.message]];
    }
    out.textContent = found
      .map(([word, text]) => `${word.padEnd(10)}${visible(text)}`)
      .join("\n");
    out.hidden = false;
    out.focus();
  });
}

function* lines(told) {
  if (told.refused) yield ["note", "the last change of the configuration was refused: an older one runs"];
  for (const pid of told.silent) yield ["silent", `worker ${pid} has not answered in time`];
  // Each worker chooses by itself: what all say is said once, else with who says it.
  const said = new Map();
  for (const worker of told.workers) {
    for (const [word, text] of ofWorker(worker)) {
      const key = `${word}\n${text}`;
      if (!said.has(key)) said.set(key, []);
      said.get(key).push(worker.pid);
    }
  }
  for (const [key, pids] of said) {
    const [word, text] = key.split("\n");
    const who = pids.length === told.workers.length ? "" : ` (worker ${pids.join(", ")})`;
    yield [word, text + who];
  }
  for (const each of told.orders) yield ["ordered", `${each.order}; ${each.undo} ends it`];
}

function* ofWorker(worker) {
  if (worker.refused) yield ["refused", worker.refused];
  if (worker.route) yield ["route", worker.route + (worker.where ? ` (${worker.where})` : "")];
  for (const text of worker.room || []) yield ["room", text];
  if (worker.canary) yield ["canary", worker.canary];
  let word = "asks";
  for (const pool of worker.pools || []) {
    const whom = pool.first.length ? pool.first.join(" or ") : "nobody: all are out";
    yield [word, `${whom} of pool ${pool.pool}${pool.manner ? ` (${pool.manner})` : ""}`];
    word = worker.drawn ? "or" : "then";
    for (const each of pool.endpoints) {
      const how = pool.first.includes(each.endpoint) ? "may get it" : "does not";
      const why = each.why.join("; ") || "in rotation";
      yield ["endpoint", `${each.endpoint} ${how}: ${why}; ${each.running} under way`];
    }
    if (pool.more) yield ["", `and ${pool.more} more endpoints`];
  }
  if (worker.pools && !worker.pools.length) yield ["answers", "the door itself"];
}
