// The tables below the picture.

import { clock, count, duration, el, mark, moment, rate, say, share, size, span, visible } from "./dom.js";
import { SIGN, isClosed, tone } from "./door.js";
import { byFlow, matches } from "./drawing.js";
import { soon } from "./now.js";
import { Table } from "./table.js";

const name = (title = () => "") => ({ word: "Name", kind: "name", text: (row) => row.name, title });
const number = (word, text, mood) => ({ word, kind: "number", text, tone: mood });
const plain = (word, text) => ({ word, kind: "name", text });
const fails = (row) => (row.rate && row.failed / row.rate >= 0.01 ? "bad" : "");
const flows = [
  number("Requests", (row) => rate(row.rate)),
  number("Fail", (row) => share(row.failed, row.rate), fails),
  number("Half", (row) => duration(row.p50)),
  number("99 %", (row) => duration(row.p99)),
];
const state = {
  word: "State",
  kind: "state",
  text: (row) => `${SIGN[tone(row)[0]]} ${tone(row)[1]}`,
  tone: (row) => tone(row)[0],
  title: (row) => row.why || "",
};

// A button that says what it does now, to a row that changes: the same element all the time. A row
// that is no thing of the configuration, as what no route took, has none.
function button(text, call) {
  return {
    make: (row) => el("button", { type: "button", on: { click: () => call(row()) } }),
    refresh: (node, row) => {
      mark(node, "hidden", row.raw ? null : "");
      say(node, text(row));
      const label = `${text(row)} ${row.name}`;
      if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
    },
  };
}

function actions(...buttons) {
  return {
    word: "",
    kind: "acts",
    node: (row) => el("span", {}, ...buttons.map((each) => each.make(row))),
    refresh: (cell, row) =>
      buttons.forEach((each, at) => each.refresh(cell.firstChild.children[at], row)),
  };
}

function below(table, text, call) {
  const made = el("button", { type: "button", hidden: true, on: { click: call } }, text);
  table.extra.append(made);
  return made;
}

export class Tables {
  // steer: what buttons do; null where only looking is allowed
  constructor(home, steer, trace) {
    this.makeFlows(steer);
    this.makeExchanges(trace);
    this.makeRest(steer);
    const all = [this.endpoints, this.routes, this.slowest, this.failing, this.audit];
    all.push(this.changes, this.orders, this.workers, this.certificates, this.cache, this.limits);
    home.replaceChildren(...all.map((each) => each.node));
  }

  makeFlows(steer) {
    const close = button(
      (row) => (isClosed(row) ? "Open" : "Close"),
      (row) => steer.maintenance(row),
    );
    const drain = button(
      (row) => (row.drained ? "Undrain" : "Drain"),
      (row) => steer.drain(row),
    );
    const weight = button(
      () => "Weight",
      (row) => steer.weight(row),
    );
    const about = (row) => [row.to, row.where].filter(Boolean).join(" · ");
    this.routes = new Table(
      "Routes",
      [name(about), state, ...flows, ...(steer ? [actions(close)] : [])],
      { empty: "No route fits.", isWide: true },
    );
    this.endpoints = new Table(
      "Endpoints",
      [
        name(),
        state,
        number("In flight", (row) => count(row.running)),
        ...flows,
        number(
          "Weight",
          (row) => (row.weight === null ? "file" : String(row.weight)),
          (row) => (row.weight === null ? "" : "warn"),
        ),
        ...(steer ? [actions(drain, weight)] : []),
      ],
      { empty: "No endpoint fits.", isWide: true },
    );
  }

  makeExchanges(trace) {
    const exchange = {
      word: "Request",
      kind: "name",
      node: (row) =>
        el("button", { type: "button", class: "link", on: { click: () => trace(row()) } }),
      refresh: (cell, row) =>
        say(cell.firstChild, visible(`${row.method} ${row.host}${row.target}`)),
    };
    const status = number(
      "Status",
      (row) => (row.status ? String(row.status) : "none"),
      (row) => (!row.status || row.status >= 500 ? "bad" : ""),
    );
    const when = number("At", (row) => clock(Date.parse(row.time) / 1000));
    const by = plain("By", (row) => visible(row.endpoint || "the door"));
    const took = number("Took", (row) => duration(row.ms / 1000));
    const reason = plain("Reason", (row) => visible(row.reason || "answered so"));
    this.slowest = new Table("Slowest of the last minute", [exchange, status, took, by, when], {
      empty: "No request has ended in the last minute.",
    });
    this.failing = new Table("Failed last", [exchange, status, reason, by, when], {
      empty: "Nothing has failed since the door began.",
    });
  }

  makeRest(steer) {
    const left = (row) => (row.left <= 0 ? "bad" : row.left < soon(row.isManaged) ? "warn" : "");
    this.certificates = new Table(
      "Certificates",
      [
        name(),
        number("Ends", (row) => moment(row.end)),
        number("In", (row) => (row.left > 0 ? span(row.left) : "ended"), left),
        plain("Renewed by", (row) => (row.isManaged ? "the door" : "you")),
        ...(steer?.mayAll ? [actions(button(() => "Renew", (row) => steer.renew(row)))] : []),
      ],
      { empty: "The door has no certificates." },
    );
    this.cache = new Table(
      "Cache",
      [{ word: "What", kind: "", text: (row) => row.word }, number("Count", (row) => row.text)],
      { empty: "No route has a cache.", note: "Since the door began." },
    );
    this.limits = new Table(
      "Limits",
      [
        name(),
        number("Refused", (row) => count(row.refused)),
        number("Would refuse", (row) => count(row.would)),
      ],
      { empty: "No route has a limit.", note: "Since the door began." },
    );
    this.workers = new Table(
      "Workers",
      [
        { word: "Process", kind: "", text: (row) => String(row.pid) },
        {
          word: "State",
          kind: "",
          text: (row) => `${SIGN[row.mood]} ${row.word}`,
          tone: (row) => row.mood,
        },
        number("Clients", (row) => count(row.connections)),
        number("In flight", (row) => count(row.running)),
        number("Core", (row) => (row.cpu === null ? "–" : share(row.cpu, 1))),
        number("Memory", (row) => size(row.memory)),
      ],
      { empty: "No worker is there." },
    );
    this.changes = new Table(
      "Changes",
      [
        { word: "Number", kind: "", text: (row) => `${row.number} (${row.hash})` },
        { word: "State", kind: "", text: (row) => (row.running ? "● runs" : "ran") },
        number("Since", (row) => moment(row.since)),
      ],
      { empty: "None.", note: "Configurations that were in force, the newest first." },
    );
    this.audit = new Table(
      "Audit",
      [
        number("At", (row) => moment(Date.parse(row.at) / 1000)),
        plain("What", (row) => visible([row.what, ...worded(row.words)].join(" "))),
        plain("Who", (row) => visible(row.who)),
        { ...plain("Outcome", (row) => visible(outcome(row))), tone: (row) => undone(row) },
      ],
      { empty: "Nobody has changed anything.", note: "The latest first; porch audit has all." },
    );
    this.orders = new Table(
      "Orders",
      [
        plain("Holds beside the file", (row) => visible(row.order)),
        plain("Undone by", (row) => visible(row.undo)),
      ],
      { empty: "Nobody has ordered anything." },
    );
    this.purge = steer && below(this.cache, "Purge…", () => steer.purge());
    this.rollback = steer?.mayAll && below(this.changes, "Roll back…", () => steer.rollback());
  }

  show(door, sought) {
    const picture = door.picture;
    const bad = (each) => (each.why && !each.drained ? 1 : 0);
    const routes = [...door.routes, ...(sought ? [] : door.others)];
    this.routes.show(
      routes
        .filter((each) => matches(each, sought))
        .sort((one, other) => other.rate - one.rate || (one.at ?? 0) - (other.at ?? 0)),
    );
    this.endpoints.show(
      door.endpoints
        .filter((each) => !sought || each.name.toLowerCase().includes(sought))
        .sort((one, other) => bad(other) - bad(one) || byFlow(one, other)),
    );
    const keyed = (each) => ({ ...each, key: `${each.id} ${each.time}` });
    this.slowest.show(picture.slowest.map(keyed));
    this.failing.show(picture.failing.map(keyed));
    this.workers.show(picture.workers.map(worker));
    this.limits.show(
      picture.limits.map(([key, refused, would]) => ({ key, name: visible(key), refused, would })),
    );
    this.cache.show(cached(picture.cache));
    if (this.purge) this.purge.hidden = !picture.cache;
    if (picture.now) this.showNow(picture.now, picture.at);
  }

  showAudit(entries) {
    this.audit.show(entries.map((each) => ({ ...each, key: `${each.at} ${each.what} ${each.who}` })));
  }

  showNow(now, at) {
    const ends = [...now.ends].sort((one, other) => one[1] - other[1]);
    this.certificates.show(
      ends.map(([key, end, isManaged]) => {
        const raw = isManaged ? key : null; // the door renews nobody else's
        return { key, raw, name: visible(key), end, isManaged, left: end - at };
      }),
    );
    this.changes.show(now.history.map((each) => ({ ...each, key: each.number })));
    if (this.rollback) this.rollback.hidden = now.history.length < 2;
    this.orders.show(now.orders.map((each) => ({ ...each, key: each.undo })));
  }
}

const worded = (words) =>
  Object.entries(words || {}).map(([name, value]) =>
    typeof value === "string" ? `${name}=${value}` : `${name}=${JSON.stringify(value)}`,
  );
const outcome = (row) => (row.times ? `${row.outcome} ${row.times} times more` : row.outcome);
const undone = (row) => (row.outcome === "done" ? "" : "warn");

function worker(each) {
  let [mood, word] = ["", "serves"];
  if (each.slot < 0) [mood, word] = ["", "leaves"];
  else if (!each.ready) [mood, word] = ["warn", "starts"];
  if (each.missed > 2) [mood, word] = ["bad", `hangs for ${each.missed} s`];
  return { ...each, key: each.pid, mood, word };
}

function cached(found) {
  if (!found) return [];
  const rows = [
    ["Requests of routes with a cache", count(found.requests)],
    ["Answered from it", found.ratio === null ? "–" : share(found.ratio, 1)],
    ["of which stale", count(found.stale)],
    ["Bytes from it", found.byte_ratio === null ? "–" : share(found.byte_ratio, 1)],
    ["Answers kept", count(found.kept)],
  ];
  for (const [word, many] of Object.entries(found.not_kept).slice(0, 4)) {
    rows.push([`Not kept: ${visible(word)}`, count(many)]);
  }
  return rows.map(([word, text]) => ({ key: word, word, text }));
}
