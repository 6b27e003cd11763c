// What changes something: the words of each dialog.

import { confirm } from "./dialog.js";
import { el, mark, span, visible } from "./dom.js";
import { isClosed } from "./door.js";

const quoted = (word) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
const listed = (names) => (names || []).map(visible).join(", ");
const RENEWAL = 30; // seconds for which the dialog waits for how a renewal went
const HOLDS = "It holds over reloads and restarts";

export class Steer {
  constructor(door, role) {
    this.door = door;
    this.mayAll = role === "all"; // what is not for the role operate too
  }

  // Each dialog is made of the row as it is when it opens, and again when somebody looks again.
  drain(row) {
    confirm(this.door, () => drain(this.now("endpoints", row)));
  }

  weight(row) {
    confirm(this.door, () => weight(this.now("endpoints", row)));
  }

  maintenance(row) {
    confirm(this.door, () => maintenance(this.now("routes", row)));
  }

  purge() {
    confirm(this.door, purge);
  }

  rollback() {
    confirm(this.door, () => rollback(this.door.picture));
  }

  renew(row) {
    confirm(this.door, () => renew(row));
  }

  // A reload makes rows anew. One that is gone is what it was: the door refuses it in its words.
  now(kind, row) {
    return this.door[kind].find((each) => each.raw === row.raw) || row;
  }
}

function drain(row) {
  if (row.drained) return undrain(row);
  return {
    title: `Drain ${row.name}?`,
    what: [
      `${row.address} gets no new requests; ${running(row)}.`,
      others(row),
      `${HOLDS}, until it is undrained.`,
    ],
    does: "Drain",
    name: "drain",
    words: () => ({ endpoint: row.raw }),
    command: () => `porch drain ${quoted(row.raw)}`,
    done: (answer) => `Drained: ${listed(answer.drained)}.`,
  };
}

function undrain(row) {
  return {
    title: `Undrain ${row.name}?`,
    what: [
      `${row.address} gets requests of ${row.pool.name} again, as soon as its checks find it well.`,
    ],
    does: "Undrain",
    name: "undrain",
    words: () => ({ endpoint: row.raw }),
    command: () => `porch undrain ${quoted(row.raw)}`,
    done: (answer) => `Undrained: ${listed(answer.undrained)}.`,
  };
}

function weight(row) {
  const given = { type: "number", min: 0, max: 1000, step: 1, required: true, id: "weight" };
  const field = el("input", { ...given, value: row.weight ?? 1 });
  const file = el("input", { type: "checkbox", id: "weight-file" });
  file.addEventListener("change", () => mark(field, "disabled", file.checked ? "" : null));
  const value = () => (file.checked ? null : Number(field.value));
  return {
    title: `Another weight for ${row.name}?`,
    what: [
      `${row.address} gets a share of the requests of ${row.pool.name} by this weight against ` +
        "the others'; with 0 it gets none but those of its sticky clients.",
      `${HOLDS}, until it is that of the file again.`,
    ],
    fields: [
      el("label", { for: "weight" }, "Weight, 0 to 1000", field),
      el("label", { class: "flag", for: "weight-file" }, file, "that of the file again"),
    ],
    does: "Set weight",
    name: "weight",
    words: () => ({ endpoint: row.raw, weight: value() }),
    command: () => `porch weight ${quoted(row.raw)} ${value() ?? "file"}`,
    done: (answer) => `Now: ${listed(answer.weighted)}.`,
  };
}

function maintenance(row) {
  if (isClosed(row)) {
    return {
      title: `Open ${row.name}?`,
      what: ["The route serves again, as the file has it."],
      does: "Open",
      name: "maintenance",
      words: () => ({ route: row.raw, on: false }),
      command: () => `porch maintenance ${quoted(row.raw)} off`,
      done: () => "The route is open.",
    };
  }
  const given = { type: "number", min: 0, max: 10080, step: 1, required: true, id: "minutes" };
  const minutes = el("input", { ...given, value: 10 });
  const value = () => Number(minutes.value);
  return {
    title: `Close ${row.name} for maintenance?`,
    what: [
      "Every request of this route is answered 503 with a page that says so, at once; what runs " +
        "ends in peace. Backends get nothing of it meanwhile.",
      "With 0 minutes it stays closed until it is opened.",
    ],
    fields: [el("label", { for: "minutes" }, "Minutes until it opens by itself", minutes)],
    does: "Close",
    name: "maintenance",
    words: () => ({ route: row.raw, on: true, for: value() * 60 }),
    command: () =>
      `porch maintenance ${quoted(row.raw)} on${value() ? ` --for ${value()}m` : ""}`,
    done: (answer) => `Closed: ${visible(answer.closed || row.raw)}.`,
  };
}

function purge() {
  const option = (value, text) => el("option", { value }, text);
  const kind = el(
    "select",
    { id: "purge-kind" },
    option("urls", "a URL, or all that begin so: https://a/x/*"),
    option("hosts", "all of a host"),
    option("tags", "all with a tag"),
    option("all", "everything"),
  );
  const which = el("input", {
    ...{ id: "purge-which", type: "text", required: true },
    ...{ autocomplete: "off", spellcheck: "false" },
  });
  const soft = el("input", { id: "purge-soft", type: "checkbox" });
  const home = el("label", { for: "purge-which" }, "Which", which);
  const isAll = () => kind.value === "all";
  kind.addEventListener("change", () => {
    mark(home, "hidden", isAll() ? "" : null);
    mark(which, "required", isAll() ? null : "");
  });
  const words = { urls: "", hosts: "--host ", tags: "--tag ", all: "--all" };
  return {
    title: "Purge the cache?",
    what: [
      "What is named is given to nobody any more; the next request of each is asked of its " +
        "backend, which has to bear them all.",
      "Made stale, it may still be given while a new one is fetched.",
    ],
    fields: [
      el("label", { for: "purge-kind" }, "What", kind),
      home,
      el("label", { class: "flag", for: "purge-soft" }, soft, "only make it stale"),
    ],
    does: "Purge",
    name: "purge",
    words: () => ({
      ...(isAll() ? { all: true } : { [kind.value]: [which.value] }),
      ...(soft.checked ? { soft: true } : {}),
    }),
    command: () =>
      `porch purge ${words[kind.value]}${isAll() ? "" : quoted(which.value || "…")}` +
      `${soft.checked ? " --soft" : ""}`,
    done: () => "Purged, in every worker.",
  };
}

function rollback(picture) {
  return {
    title: "Roll back?",
    what: [
      before(picture),
      "The file stays as it is: the next reload puts it in force again. Orders hold on.",
    ],
    does: "Roll back",
    name: "rollback",
    words: () => ({}),
    command: () => "porch rollback",
    done: (answer) => `Rolled back. Now: ${visible(answer.loaded || "the one before")}.`,
  };
}

function renew(row) {
  const end = row.left > 0 ? `ends in ${span(row.left)}` : "has ended";
  return {
    title: `Renew the certificate of ${row.name}?`,
    what: [
      `The one that it has ${end}. Another one is asked for now, which its authority may count ` +
        "against a limit; the door renews it by itself in time.",
      "It takes as long as the authority takes. Until then, and where it fails, the one of before " +
        "stays in use.",
    ],
    does: "Renew",
    name: "renew",
    words: () => ({ host: row.raw, wait: RENEWAL }),
    command: () => `porch certs renew ${quoted(row.raw)}`,
    done: (answer) =>
      answer.renewed
        ? `Renewed: ${visible(answer.certificate || answer.renewed)}.`
        : "It is not over yet; the audit below will say how it went.",
  };
}

function before({ now, at }) {
  if (!now) return "The configuration before the present one comes into force.";
  const runs = now.history.find((each) => each.running);
  return (
    `The configuration that ran before number ${runs?.number} (${runs?.hash}) comes into force in ` +
    "all workers, without closing a connection. The present one has been in force for " +
    `${span(at - now.loaded)}.`
  );
}

function running(row) {
  if (!row.running) return "nothing runs there now";
  return row.running === 1 ? "the one that runs there now ends in peace" : `the ${row.running} that run there now end in peace`;
}

function others(row) {
  const left = row.pool.endpoints.filter(
    (each) => each !== row && !each.why && each.weight !== 0,
  ).length;
  if (!left) {
    return (
      "▲ Nobody else of this pool is there to take over: its requests will be answered 503."
    );
  }
  return left === 1
    ? "The one other of this pool takes over."
    : `The ${left} others of this pool take over.`;
}
