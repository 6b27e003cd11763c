// The page: pictures come each second, and are shown.

import { begin, leave } from "./api.js";
import { Audit } from "./audit.js";
import { Charts } from "./charts.js";
import { byId, clock, mark, moment, say, span, visible } from "./dom.js";
import { Door } from "./door.js";
import { Drawing } from "./drawing.js";
import { explaining } from "./explain.js";
import { show } from "./now.js";
import { Steer } from "./steer.js";
import { Stream } from "./stream.js";
import { Tables } from "./tables.js";
import { trace } from "./trace.js";

const STALE = 5000; // ms beyond the pause between two pictures, after which none is believed

const door = new Door();
const charts = new Charts(byId("charts"));
const drawing = new Drawing(
  ...["picture", "flow", "picture-more", "picture-note"].map((each) => byId(each)),
);
const audit = new Audit((entries) => tables.showAudit(entries));
let tables = null;
let last = 0;
let pause = 1000;
let lost = "";

function onPicture(picture) {
  last = performance.now();
  pause = picture.pause * 1000;
  lost = "";
  door.show(picture);
  charts.show(picture.at, picture.point);
  render();
}

function render() {
  if (!door.picture || !tables) return;
  const sought = byId("sought").value.trim().toLowerCase();
  show(door, byId("state"), byId("troubles"));
  drawing.show(door, sought);
  tables.show(door, sought);
  const { now, at } = door.picture;
  if (now) {
    audit.onPicture(now);
    say(byId("version"), visible(now.version));
    const since = `Up for ${span(at - now.since)}.`;
    say(byId("foot"), `${since} Configuration ${now.hash}, in force since ${moment(now.loaded)}.`);
  }
  look();
}

// Whether what is shown is of now. Old numbers that look new are worse than none.
function look() {
  const age = performance.now() - last;
  const isLive = last > 0 && !lost && age < pause + STALE;
  const isLost = !isLive && (last > 0 || lost !== "");
  const often = pause > 1500 ? `, each ${span(pause / 1000)}` : "";
  const word = last > 0 ? "■ stale" : "■ no connection";
  say(byId("link"), isLive ? `● live${often}` : isLost ? word : "connecting");
  mark(byId("link"), "class", `pill ${isLive ? "good" : isLost ? "bad" : ""}`);
  const banner = byId("stale");
  banner.hidden = !isLost;
  if (isLost) {
    const since = last > 0 ? ` What is shown is of ${clock(door.picture.at)}.` : "";
    say(banner, `■ ${lost || "the door says nothing"}.${since} Trying again by itself.`);
  }
}

const stream = new Stream("/v1/events", {
  event(name, data) {
    if (name === "plan") {
      door.plan(data);
      charts.begin(data.points);
    } else if (name === "picture") onPicture(data);
    else if (name === "next") pause = performance.now() - last + data * 1000;
  },
  state(sentence) {
    lost = sentence;
    look();
  },
});

setInterval(() => {
  look();
  const silent = performance.now() - last > pause + 3 * STALE;
  if (last > 0 && silent && !document.hidden) stream.restart();
}, 1000);
byId("sought").addEventListener("input", render);
byId("find").addEventListener("submit", (event) => event.preventDefault());
explaining();

let may = null;
while (!may) {
  try {
    may = await begin();
  } catch (error) {
    lost = `it is not known who asks: ${error.message}`;
    look();
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
lost = "";
const steers = may.role !== "read" && !may.read_only;
tables = new Tables(byId("tables"), steers ? new Steer(door, may.role) : null, trace);
say(byId("who"), `${visible(may.name)}${steers ? "" : " (read only)"}`);
byId("leave").hidden = may.by !== "session";
byId("leave").addEventListener("click", leave);
stream.start();
