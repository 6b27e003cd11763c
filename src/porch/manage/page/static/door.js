// Door: the last plan and picture, as things that know each other: routes, pools, endpoints, edges.

import { visible } from "./dom.js";

const NOTHING = { rate: 0, failed: 0, p50: null, p99: null, bytes: 0 };

export class Door {
  constructor() {
    this.listeners = [];
    this.routes = [];
    this.pools = [];
    this.endpoints = [];
    this.picture = null;
  }

  plan(told) {
    this.listeners = told.listeners.map(visible);
    this.hasCache = told.has_cache;
    this.pools = told.pools.map((name, at) => ({ at, name: visible(name), endpoints: [] }));
    this.routes = told.routes.map(([key, where, to, pools], at) => ({
      at,
      raw: key,
      key: `r${at}`,
      name: visible(key),
      where: visible(where),
      to: visible(to),
      pools: pools.map((each) => this.pools[each]),
      ...NOTHING,
    }));
    this.endpoints = told.endpoints.map(([pool, address], at) => {
      const made = {
        at,
        key: `e${at}`,
        address: visible(address),
        raw: `${told.pools[pool]}/${address}`,
        pool: this.pools[pool],
        ...NOTHING,
        running: 0,
        why: "",
        drained: false,
        weight: null,
      };
      made.name = `${made.pool.name}/${made.address}`;
      this.pools[pool].endpoints.push(made);
      return made;
    });
    this.byName = new Map(told.endpoints.map(([pool, address], at) => [`${told.pools[pool]}/${address}`, this.endpoints[at]]));
    for (const pool of this.pools) pool.isOwn = this.routes.some((each) => each.name === pool.name);
  }

  show(picture) {
    this.picture = picture;
    this.arriving = new Map(Object.entries(picture.listeners).map(([name, count]) => [visible(name), count]));
    this.others = [];
    for (const each of this.routes) Object.assign(each, NOTHING, { until: undefined });
    for (const each of this.endpoints) {
      Object.assign(each, NOTHING, { running: 0, why: "", drained: false, weight: null });
    }
    for (const [which, ...row] of picture.routes) {
      if (typeof which === "number") flow(this.routes[which], row);
      else this.others.push(flow({ key: `o${which}`, name: visible(which), pools: [], to: "", where: "", isRefused: true }, row));
    }
    for (const [which, ...row] of picture.endpoints) {
      flow(this.endpoints[which], row).running = row[5];
    }
    this.edges = picture.edges.map(([route, endpoint, rate, failed, p99]) => ({
      route: this.routes[route],
      endpoint: this.endpoints[endpoint],
      rate,
      failed,
      p99,
    }));
    const now = picture.now;
    if (!now) return;
    for (const [pool, address, why, drained] of now.out) {
      const found = this.named(pool, address);
      if (found) Object.assign(found, { why: visible(why), drained });
    }
    for (const [pool, address, weight] of now.weights) {
      const found = this.named(pool, address);
      if (found) found.weight = weight;
    }
    for (const each of this.routes) {
      if (Object.hasOwn(now.closed, each.raw)) each.until = now.closed[each.raw];
    }
  }

  // Of what the picture shows; "" where it shows nothing that could be changed.
  get etag() {
    return this.picture?.now?.etag || "";
  }

  named(pool, address) {
    const word = pool.startsWith("[pool.") && pool.endsWith("]") ? pool.slice(6, -1) : pool;
    return this.byName.get(`${word}/${address}`);
  }
}

function flow(thing, [rate, failed, p50, p99, bytes]) {
  return Object.assign(thing, { rate, failed, p50, p99, bytes });
}

export const isClosed = (route) => route.until !== undefined;

// What is wrong with a thing, as a tone and a word; never a colour alone.
export function tone(thing) {
  if (thing.drained) return ["warn", "drained"];
  if (thing.why) return ["bad", "out"];
  if (isClosed(thing)) return ["warn", "closed"];
  if (thing.isRefused) return ["", "refused"];
  if (thing.rate && thing.failed / thing.rate >= 0.01) return ["bad", "failing"];
  return ["", thing.rate || thing.running ? "serving" : "idle"];
}

export const SIGN = { "": "●", good: "●", warn: "▲", bad: "■" };
