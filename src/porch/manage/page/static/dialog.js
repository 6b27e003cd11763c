// A dialog that says what will be done and what command does the same, and then does it: to the
// state that its words were made of, or not at all (If-Match). The focus goes back to where it came
// from.

import { Refused, ask, change } from "./api.js";
import { byId, el, mark, say, visible } from "./dom.js";

const PATIENCE = 3000; // ms for a picture of now

// make: gives {title, what: [sentences], fields, does: a button's word, name: of the operation,
// words(), command(), done(answer)} from what the door's picture shows; again for another one.
export async function confirm(door, make) {
  await upToDate(door);
  const { etag } = door;
  const act = make();
  const dialog = byId("dialog");
  const parts = made(act);
  const { form, said, go, cancel, command } = parts;
  const tell = (text, tone) => {
    said.hidden = false;
    mark(said, "class", `said ${tone}`);
    say(said, text);
  };
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("input", () => say(command, act.command()));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    mark(go, "disabled", "");
    tell("…", "");
    try {
      const { answer } = await change(act.name, act.words(), etag);
      const warning = answer?.warning ? `\n${visible(answer.warning)}` : "";
      tell(act.done(answer || {}) + warning, warning ? "warn" : "good");
      window.dispatchEvent(new Event("changed"));
      go.remove();
      say(cancel, "Close");
      cancel.focus();
    } catch (error) {
      mark(go, "disabled", null);
      tell(...failed(error));
      if (error.status === 412) {
        const again = el("button", { type: "button", class: "go" }, "Look again");
        again.addEventListener("click", () => confirm(door, make));
        go.replaceWith(again);
        again.focus();
      }
    }
  });
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  (form.querySelector("input:not([type=checkbox]), select") || cancel).focus();
}

function made(act) {
  const said = el("p", { class: "said", role: "status", hidden: true });
  const go = el("button", { type: "submit", class: "go" }, act.does);
  const cancel = el("button", { type: "button" }, "Cancel");
  const command = el("code", {}, act.command());
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "dialog-title" }, act.title),
    ...act.what.map((each) => el("p", { class: "what" }, each)),
    el("div", { class: "fields" }, ...(act.fields || [])),
    el("p", { class: "note" }, "The same as ", command),
    said,
    el("div", { class: "buttons" }, cancel, go),
  );
  return { form, said, go, cancel, command };
}

// The picture may be some seconds old. What it shows is waited for to be what runs; in vain where
// changes come all the time: it is judged by its own revision then.
async function upToDate(door) {
  try {
    const { etag } = await ask("orders");
    const until = performance.now() + PATIENCE;
    while (door.etag !== etag && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch {
    // the door refuses it, or says why, when it is asked to change something
  }
}

function failed(error) {
  if (!(error instanceof Refused)) {
    return ["The door could not be reached; it is not known whether it was done.", "bad"];
  }
  const why = visible(error.message);
  if (error.status !== 412) return [`Nothing was done: ${why}`, "bad"];
  return [
    "Nothing was done: somebody has changed something since you opened this. " +
      `${why}\nLook again whether you still want it.`,
    "warn",
  ];
}
