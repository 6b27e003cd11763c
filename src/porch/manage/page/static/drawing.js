// The picture: listeners, routes, pools and endpoints from left to right, with what flows between
// them. Only what is sought or busiest is drawn. On a narrow screen it is a list.

import { cut, duration, el, mark, rate, say, share, svg } from "./dom.js";
import { SIGN, tone } from "./door.js";

const FIRST = 12; // routes at first
const MOST = 50; // and at most
const LEAVES = 6; // endpoints of a pool
const ROW = 46;
const BOX = 34;
const COLUMNS = [
  { x: 0, width: 170, title: "Listeners" },
  { x: 250, width: 250, title: "Routes" },
  { x: 680, width: 150, title: "Pools" },
  { x: 990, width: 210, title: "Endpoints" },
];
const WIDTH = 1202;

const words = (each) =>
  each.rate ? `${rate(each.rate)} · ${share(each.failed, each.rate)} fail · ${duration(each.p99)}` : "";

export class Drawing {
  constructor(home, list, more, note) {
    this.home = home;
    this.list = list;
    this.more = more;
    this.note = note;
    this.most = FIRST;
    this.shape = "";
    more.addEventListener("click", () => {
      this.most = this.most === FIRST ? MOST : FIRST;
      if (this.last) this.show(...this.last);
    });
  }

  show(door, sought) {
    this.last = [door, sought];
    const { routes, left } = chosen(door, sought, this.most);
    const pools = [...new Set(routes.flatMap((each) => each.pools))];
    const leaves = new Map(pools.map((pool) => [pool, busiest(pool.endpoints, sought)]));
    mark(this.more, "hidden", left > 0 || this.most > FIRST ? null : "");
    say(this.more, this.most > FIRST ? "Draw fewer routes" : `Draw more routes`);
    say(
      this.note,
      left > 0
        ? `The busiest ${routes.length} of ${routes.length + left} routes; Find narrows it down. Rates of the last seconds, times that 99 % keep.`
        : "Rates of the last seconds, and times that 99 % keep.",
    );
    const shape = JSON.stringify([
      door.listeners,
      routes.map((each) => [each.key, each.pools.map((pool) => pool.at)]),
      [...leaves.values()].map((each) => each.shown.map((leaf) => leaf.key)),
    ]);
    if (shape !== this.shape || door.endpoints !== this.of) {
      this.shape = shape;
      this.of = door.endpoints;
      this.build(door, routes, pools, leaves);
      this.buildList(routes, leaves);
    }
    this.fill(door);
    this.describe(door, routes, pools);
  }

  build(door, routes, pools, leaves) {
    const ends = pools.flatMap((pool) => leaves.get(pool).shown);
    const rows = Math.max(door.listeners.length, routes.length, pools.length, ends.length, 1);
    const height = 24 + rows * ROW;
    this.nodes = [];
    this.lines = [];
    const edges = svg("g");
    const boxes = svg("g");
    const labels = svg("g");
    const place = (things, column) => {
      const step = (height - 24) / Math.max(things.length, 1);
      return new Map(things.map((each, at) => [each, 24 + step * (at + 0.5)]));
    };
    const listeners = door.listeners.map((name) => ({ name, isListener: true }));
    const at = [listeners, routes, pools, ends].map(place);
    // A pool stands in the middle of its endpoints, where there is room for it.
    this.spread(pools, leaves, at, height);
    const ids = ["listener", "route", "pool", "endpoint"];
    at.forEach((ys, column) => {
      const { x, width, title } = COLUMNS[column];
      boxes.append(svg("text", { class: "head", x, y: 12 }, title));
      for (const [thing, y] of ys) {
        const more = leaves.get(thing)?.left;
        this.nodes.push(this.box(boxes, thing, ids[column], x, y, width, more));
      }
    });
    const join = (from, to, column, thing, near) => {
      const x1 = COLUMNS[column].x + COLUMNS[column].width;
      const x2 = COLUMNS[column + 1].x;
      const bend = (x2 - x1) / 2;
      const path = svg("path", { class: "edge", d: `M${x1} ${from}C${x1 + bend} ${from} ${x2 - bend} ${to} ${x2} ${to}` });
      edges.append(path);
      let label = null;
      if (near) {
        const y = (near === "from" ? from : to) - 5;
        const x = near === "from" ? x1 + 6 : x2 - 6;
        label = svg("text", { class: "small", x, y, "text-anchor": near === "from" ? "start" : "end" });
        labels.append(label);
      }
      this.lines.push({ path, label, ...thing });
    };
    for (const listener of listeners) {
      for (const route of routes) join(at[0].get(listener), at[1].get(route), 0, { listener, route }, "");
    }
    for (const route of routes) {
      route.pools.forEach((pool, which) =>
        join(at[1].get(route), at[2].get(pool), 1, { route, pool }, which === 0 ? "from" : ""),
      );
    }
    for (const pool of pools) {
      for (const endpoint of leaves.get(pool).shown) {
        join(at[2].get(pool), at[3].get(endpoint), 2, { pool, endpoint }, "to");
      }
    }
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" }, edges, boxes, labels);
    this.home.replaceChildren(this.svg);
  }

  spread(pools, leaves, at, height) {
    const wanted = pools.map((pool) => {
      const ys = leaves.get(pool).shown.map((each) => at[3].get(each));
      return ys.length ? ys.reduce((a, b) => a + b, 0) / ys.length : at[2].get(pool);
    });
    let last = -Infinity;
    wanted.forEach((y, index) => {
      last = Math.max(y, last + BOX + 4);
      wanted[index] = last;
    });
    const over = Math.max(0, last + BOX / 2 - height);
    pools.forEach((pool, index) => at[2].set(pool, wanted[index] - over));
  }

  box(home, thing, kind, x, y, width, more) {
    const rect = svg("rect", { class: "node", x, y: y - BOX / 2, width, height: BOX, rx: 5 });
    const letters = Math.floor(width / 7.2);
    const shown = kind === "endpoint" ? thing.address : thing.isOwn ? "its own" : thing.name;
    const name = svg("text", { x: x + 8, y: y - 2 }, cut(shown, letters));
    const under = svg("text", { class: "small", x: x + 8, y: y + 12 });
    home.append(svg("g", {}, svg("title", {}, thing.name), rect, name, under));
    return { thing, kind, rect, name, under, more, letters };
  }

  fill(door) {
    for (const { thing, kind, rect, under, more, letters } of this.nodes) {
      let text = "";
      let mood = "";
      if (kind === "listener") text = door.listeners.length === 1 ? words(whole(door)) : arriving(door, thing);
      else if (kind === "pool") {
        const out = thing.endpoints.filter((each) => each.why).length;
        const all = thing.endpoints.length;
        if (out) mood = out === all ? "bad" : "warn";
        text = out ? `${SIGN[mood]} ${out} of ${all} out` : `${all} endpoint${all === 1 ? "" : "s"}`;
        if (more > 0) text += `, ${more} not drawn`;
      } else {
        const [found, word] = tone(thing);
        mood = found;
        const where = kind === "route" && !thing.pools.length ? thing.to : "";
        const running = thing.running ? ` · ${thing.running} in flight` : "";
        text = `${SIGN[found]} ${word}${running}${where ? ` · ${where}` : ""}`;
      }
      mark(rect, "class", `node ${mood}`);
      say(under, cut(text, letters + 4));
      mark(under, "class", mood ? `small ${mood}` : "small");
    }
    const by = new Map(door.edges.map((each) => [`${each.route.key} ${each.endpoint.key}`, each]));
    for (const { path, label, listener, route, pool, endpoint } of this.lines) {
      let found;
      if (listener) found = { rate: door.listeners.length === 1 ? route.rate : 0, failed: 0 };
      else if (endpoint) found = endpoint;
      else found = joined(route, pool, by);
      const fails = found.rate && found.failed / found.rate >= 0.01;
      const out = endpoint && endpoint.why;
      const mood = fails || (out && !endpoint.drained) ? "bad" : out ? "warn" : found.rate ? "" : "idle";
      mark(path, "class", `edge ${mood}`);
      mark(path, "stroke-width", found.rate ? Math.min(8, 1 + Math.log2(1 + found.rate) * 0.7).toFixed(1) : 1);
      if (label) {
        say(label, words(found));
        mark(label, "class", fails ? "small bad" : "small");
      }
    }
  }

  buildList(routes, leaves) {
    this.rows = [];
    const line = (thing, name) => {
      const under = el("span", { class: "dim" });
      this.rows.push({ thing, under });
      return [el("span", { class: "name" }, name), " ", under];
    };
    this.list.replaceChildren(
      ...routes.map((route) =>
        el(
          "li",
          {},
          ...line(route, route.name),
          el(
            "ul",
            {},
            ...route.pools.flatMap((pool) =>
              (leaves.get(pool)?.shown || []).map((each) =>
                el("li", {}, "→ ", ...line(each, pool.isOwn ? each.address : each.name)),
              ),
            ),
          ),
        ),
      ),
    );
  }

  describe(door, routes, pools) {
    for (const { thing, under } of this.rows) {
      const [mood, word] = tone(thing);
      say(under, `${SIGN[mood]} ${word}${thing.rate ? ` · ${words(thing)}` : ""}`);
      mark(under, "class", mood || "dim");
    }
    mark(
      this.svg,
      "aria-label",
      `${door.listeners.length} listeners, ${routes.length} routes, ${pools.length} pools and their endpoints; the tables below have the same in words`,
    );
  }
}

function whole(door) {
  const [, rate, failed, p50, p99] = door.picture.all || ["", 0, 0, null, null];
  return { rate, failed, p50, p99 };
}

// Of several listeners connections are counted, and not which requests came by them.
function arriving(door, { name }) {
  const count = door.arriving.get(name);
  return count ? `${rate(count)} new connections` : "no new connections";
}

// What goes from a route to one of its pools: the sum of its edges there.
function joined(route, pool, by) {
  if (route.pools.length === 1) return route;
  const sum = { rate: 0, failed: 0, p99: null };
  for (const endpoint of pool.endpoints) {
    const edge = by.get(`${route.key} ${endpoint.key}`);
    if (!edge) continue;
    sum.rate += edge.rate;
    sum.failed += edge.failed;
    if (edge.p99 !== null) sum.p99 = Math.max(sum.p99 ?? 0, edge.p99);
  }
  return sum;
}

export function matches(thing, sought) {
  if (!sought) return true;
  const text = `${thing.name} ${thing.to || ""} ${(thing.pools || []).map((each) => each.name).join(" ")}`;
  if (text.toLowerCase().includes(sought)) return true;
  return (thing.pools || []).some((pool) =>
    pool.endpoints.some((each) => each.address.toLowerCase().includes(sought)),
  );
}

// Those that fail or are busy first; while nothing moves the order of the file.
export const byFlow = (one, other) => other.rate - one.rate || one.at - other.at;

function chosen(door, sought, most) {
  const found = door.routes.filter((each) => matches(each, sought));
  const routes = [...found].sort(byFlow).slice(0, most);
  routes.sort((one, other) => one.at - other.at); // they stay where they are while numbers change
  return { routes, left: found.length - routes.length };
}

function busiest(endpoints, sought) {
  if (endpoints.length <= LEAVES) return { shown: endpoints, left: 0 };
  const first = (each) => (each.why ? 2 : 0) + (sought && each.address.includes(sought) ? 4 : 0);
  const shown = [...endpoints].sort((one, other) => first(other) - first(one) || byFlow(one, other));
  shown.length = LEAVES;
  shown.sort((one, other) => one.at - other.at);
  return { shown, left: endpoints.length - LEAVES };
}
