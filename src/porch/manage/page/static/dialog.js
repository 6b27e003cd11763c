// A dialog that says what will be done and what command does the same, and then does it: to the
// state that was seen, or not at all (If-Match). The focus goes back to where it came from.

import { Refused, ask, change } from "./api.js";
import { byId, el, mark, say, visible } from "./dom.js";

// act: {title, what: [sentences], fields, does: a button's word, name: of the operation, words(),
// command(), done(answer)}
export async function confirm(act) {
  const dialog = byId("dialog");
  const parts = made(act);
  const { form, said, go, cancel, command } = parts;
  const tell = (text, tone) => {
    said.hidden = false;
    mark(said, "class", `said ${tone}`);
    say(said, text);
  };
  const seen = { etag: "" };
  const see = async () => {
    seen.etag = (await ask("orders")).etag;
  };
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("input", () => say(command, act.command()));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    mark(go, "disabled", "");
    tell("…", "");
    try {
      if (!seen.etag) await see().catch(unseen);
      const { answer } = await change(act.name, act.words(), seen.etag);
      const warning = answer?.warning ? `\n${visible(answer.warning)}` : "";
      tell(act.done(answer || {}) + warning, warning ? "warn" : "good");
      window.dispatchEvent(new Event("changed"));
      go.remove();
      say(cancel, "Close");
      cancel.focus();
    } catch (error) {
      mark(go, "disabled", null);
      if (error.status === 412) await see().catch(() => {});
      tell(...failed(error));
    }
  });
  await see().catch(() => {});
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

// Nothing is changed of a state that nobody has seen.
function unseen() {
  throw new Refused(0, "it is not known what runs now. Try again in a moment.");
}

function failed(error) {
  if (!(error instanceof Refused)) {
    return ["The door could not be reached; it is not known whether it was done.", "bad"];
  }
  const why = visible(error.message);
  if (error.status !== 412) return [`Nothing was done: ${why}`, "bad"];
  return [
    "Nothing was done: somebody has changed something since you opened this. " +
      `${why}\nLook whether you still want it, and confirm it again.`,
    "warn",
  ];
}
