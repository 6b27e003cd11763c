// A table whose rows stay the same elements while their numbers change: nothing flickers, the focus
// stays where it is, and rows keep their order while somebody is in the table.

import { el, mark, say } from "./dom.js";

const MOST = 20; // rows at first, and more at each wish

export class Table {
  // columns: [{word, kind: "name" | "number" | "acts" | "", text(row), tone(row), title(row),
  // node(row): made once for a row, refresh(node, row)}]
  constructor(title, columns, { empty = "none", note = "", isWide = false } = {}) {
    this.columns = columns;
    this.rows = new Map();
    this.most = MOST;
    this.body = el("tbody", { role: "rowgroup" });
    const id = `t-${title.toLowerCase().replaceAll(" ", "-")}`;
    const heads = columns.map((each) =>
      el("th", { scope: "col", role: "columnheader", class: each.kind || null }, each.word || hidden("actions")),
    );
    this.title = el("h2", { id }, title);
    this.empty = el("p", { class: "empty" }, empty);
    this.table = el(
      "table",
      { role: "table", "aria-labelledby": id },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
      this.body,
    );
    this.more = el("button", { type: "button", hidden: true, on: { click: () => this.showMore() } }, "Show more");
    this.scroll = el("div", { class: "scroll" }, this.table);
    this.extra = el("div", { class: "extra" });
    this.node = el(
      "section",
      { "aria-labelledby": id, class: isWide ? "wide" : null },
      this.title,
      note ? el("p", { class: "note" }, note) : null,
      this.empty,
      this.scroll,
      this.more,
      this.extra,
    );
  }

  showMore() {
    this.most += 50;
    if (this.last) this.show(this.last);
  }

  // found: rows with a `key` each, in order
  show(found) {
    this.last = found;
    const chosen = found.slice(0, this.most);
    const held = this.body.contains(document.activeElement) || this.body.matches(":hover");
    const wanted = new Set(chosen.map((row) => row.key));
    for (const [key, line] of this.rows) {
      const stays = held && line.node.contains(document.activeElement);
      if (!wanted.has(key) && !stays) {
        line.node.remove();
        this.rows.delete(key);
      }
    }
    let before = null;
    for (const row of chosen) {
      let line = this.rows.get(row.key);
      if (!line) {
        line = this.make(row);
        this.rows.set(row.key, line);
        if (held) this.body.append(line.node);
      }
      line.row = row;
      this.fill(line);
      if (!held) {
        const next = before ? before.nextSibling : this.body.firstChild;
        if (next !== line.node) this.body.insertBefore(line.node, next);
        before = line.node;
      }
    }
    mark(this.empty, "hidden", found.length ? "" : null);
    mark(this.scroll, "hidden", found.length ? null : "");
    const rest = found.length - chosen.length;
    mark(this.more, "hidden", rest > 0 ? null : "");
    say(this.more, `Show more (${rest})`);
  }

  make(row) {
    const line = { row, cells: [] };
    line.node = el("tr", { role: "row" });
    for (const column of this.columns) {
      const cell = el("td", { role: "cell", class: column.kind || null });
      if (column.kind === "number") cell.dataset.word = column.word;
      if (column.node) cell.append(column.node(() => line.row));
      line.cells.push(cell);
      line.node.append(cell);
    }
    return line;
  }

  fill(line) {
    this.columns.forEach((column, at) => {
      const cell = line.cells[at];
      if (column.node) column.refresh?.(cell, line.row);
      else say(cell, column.text(line.row));
      const tone = column.tone ? column.tone(line.row) : "";
      const wanted = [column.kind, tone].filter(Boolean).join(" ");
      if (cell.className !== wanted) cell.className = wanted;
      if (column.title) mark(cell, "title", column.title(line.row) || null);
    });
  }
}

const hidden = (text) => el("span", { class: "skip" }, text);
