// Charts of the last ten minutes: requests, failures, times. One line each, the scale in words.

import { clock, duration, el, mark, rate, say, share, svg } from "./dom.js";

const SECONDS = 600; // at most, and at least
const LEAST = 60;
const WIDTH = 300;
const HEIGHT = 72;
const EVERY = 10; // pictures between two of its descriptions, so that no reader is talked to death

class Chart {
  // of: point => [value, second value]; text: value => words
  constructor(title, of, text, note) {
    this.title = title;
    this.of = of;
    this.text = text;
    this.value = el("b");
    this.area = svg("path", { class: "area" });
    this.curve = svg("path", { class: "curve" });
    this.second = svg("path", { class: "second" });
    this.svg = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      this.area,
      this.curve,
      this.second,
    );
    this.most = el("span");
    this.began = el("span");
    this.node = el(
      "div",
      { class: "chart" },
      el("h2", {}, title, this.value),
      this.svg,
      el("p", {}, this.began, el("span", {}, note), this.most),
    );
    this.turn = 0;
  }

  show(points, end) {
    const values = points.map((each) => this.of(each));
    const most = Math.max(...values.flat().filter((each) => each !== null), 0);
    const first = points.length ? points[0][0] : end;
    const span = Math.min(SECONDS, Math.max(LEAST, end - first));
    const x = (at) => (WIDTH * (1 - (end - at) / span)).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (most ? (value / most) * (HEIGHT - 6) : 0)).toFixed(1);
    const line = (which) => {
      let path = "";
      points.forEach((each, at) => {
        const value = values[at][which];
        if (value === null || value === undefined) return;
        path += `${path ? "L" : "M"}${x(each[0])} ${y(value)}`;
      });
      return path;
    };
    const curve = line(0);
    mark(this.curve, "d", curve || "M0 0");
    mark(this.second, "d", line(1) || "M0 0");
    mark(this.area, "d", curve ? `${curve}L${WIDTH} ${HEIGHT}L${x(first)} ${HEIGHT}Z` : "M0 0");
    const last = values.length ? values[values.length - 1] : [null];
    say(this.value, this.text(last));
    say(this.most, `most ${this.text([most])}`);
    say(this.began, points.length ? `from ${clock(end - span)}` : "");
    if (this.turn++ % EVERY === 0) {
      mark(this.svg, "aria-label", `${this.title}: ${this.text(last)}, most ${this.text([most])}`);
    }
  }
}

export class Charts {
  constructor(home) {
    this.charts = [
      new Chart("Requests", (p) => [p[1]], ([v]) => rate(v), ""),
      new Chart("Failures", (p) => [p[1] ? p[2] / p[1] : 0], ([v]) => share(v, 1), "of all"),
      new Chart("Time", (p) => [p[4], p[3]], ([v]) => duration(v), "99 %, dashed: half"),
    ];
    home.append(...this.charts.map((each) => each.node));
    this.points = [];
  }

  begin(points) {
    this.points = points;
  }

  show(at, point) {
    // The door's clock was set back: what is there is of a time that is still to come.
    const newest = this.points.at(-1)?.[0] ?? 0;
    if (newest > at + 1) this.points = [];
    if (point !== null) this.points.push([at, ...point]);
    while (this.points.length && this.points[0][0] < at - SECONDS) this.points.shift();
    for (const each of this.charts) each.show(this.points, at);
    const last = this.points[this.points.length - 1];
    const fails = Boolean(last && last[1] && last[2] / last[1] >= 0.01);
    this.charts[1].node.classList.toggle("bad", fails);
  }
}
