// One exchange step by step.

import { ask } from "./api.js";
import { byId, duration, el, visible } from "./dom.js";

const ms = (value) =>
  value === null || value === undefined ? "not reached" : duration(value / 1000);

export async function trace(row) {
  const dialog = byId("dialog");
  let found = row;
  let note = "";
  try {
    found = (await ask("trace", { id: row.id })).answer;
  } catch (error) {
    note = `Only what the table has: ${visible(error.message)}.`;
  }
  const close = el("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
  const steps = [...lines(found)].flatMap(([word, text]) => [
    el("dt", {}, word),
    el("dd", {}, visible(text)),
  ]);
  dialog.replaceChildren(
    el("h2", { id: "dialog-title" }, `Trace of ${visible(row.id)}`),
    ...(note ? [el("p", { class: "note" }, note)] : []),
    el("dl", { class: "steps" }, ...steps),
    el("p", { class: "note" }, `The same as porch trace ${visible(row.id)}`),
    el("div", { class: "buttons" }, close),
  );
  if (!dialog.open) dialog.showModal();
  close.focus();
}

function* lines(found) {
  yield ["Request", `${found.method} ${found.host}${found.target}`];
  yield ["From", `${found.client}${found.user ? `, ${found.user}` : ""}`];
  yield ["Ended", found.time];
  yield ["Route", found.route];
  for (const [endpoint, connected, until, word, detail] of found.tried || []) {
    const how = connected === null ? ", not connected" : "";
    yield ["Tried", `${endpoint}: ${word} after ${ms(until)}${how}. ${detail}`];
  }
  yield ["Endpoint", found.endpoint || "none: answered at the door"];
  yield ["Attempts", String(found.attempts)];
  if ("connect_ms" in found) yield ["Connected", ms(found.connect_ms)];
  if ("first_byte_ms" in found) yield ["First byte", ms(found.first_byte_ms)];
  yield ["Took", ms(found.total_ms ?? found.ms)];
  if ("bytes_in" in found) yield ["Bytes", `${found.bytes_in} in, ${found.bytes_out} out`];
  yield ["Status", found.status ? String(found.status) : "no answer"];
  if (found.reason) yield ["Reason", `${found.reason}. ${found.sentence || ""}`];
  if (found.detail) yield ["Detail", found.detail];
  for (const [at, each] of (found.sent || []).entries()) {
    yield at === 0 ? ["Sent", each] : ["", `${each[0]}: ${each[1]}`];
  }
}
