// Tables that sort, filter and page; tooltips of charts; light and dark. Nothing is fetched, nothing is evaluated,
// and text goes into the page as text only.
(() => {
  "use strict";
  const PAGE = 25;
  const NUMERIC = new Set(["count", "id", "number", "share", "seconds", "bytes", "big"]);
  const whole = new Intl.NumberFormat("en-US");
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // How values read: the same words as in watchfloor/wording.py.
  const three = (x) => String(Number(x.toPrecision(3)));
  const seconds = (x) => {
    const sign = x < 0 ? "-" : "", s = Math.abs(x);
    if (s < 120) return sign + three(s) + " s";
    const minutes = Math.round(s / 60);
    if (minutes < 120) return sign + minutes + " min";
    const hours = Math.floor(minutes / 60);
    return sign + (hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min`
      : `${Math.floor(hours / 24)} d ${hours % 24} h`);
  };
  const bytes = (x) => {
    if (Math.abs(x) < 1000) return x + " B";
    let unit;
    for (unit of ["kB", "MB", "GB", "TB", "PB"]) {
      x /= 1000;
      if (Math.abs(x) < 999.5) break;
    }
    return three(x) + " " + unit;
  };
  const number = (x) => Math.abs(x) < 1000 ? String(Number(x.toPrecision(4))) : whole.format(Math.round(x));
  const spoken = (value, kind) => {
    if (value === null) return "";
    switch (kind) {
      case "bool": return value ? "yes" : "no";
      case "count": return whole.format(value);
      case "share": return (100 * value).toFixed(1) + " %";
      case "seconds": return seconds(value);
      case "bytes": return bytes(value);
      case "number": return number(value);
      default: return String(value);
    }
  };

  const unpack = async (text) => {
    const raw = atob(text.trim());
    const data = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) data[i] = raw.charCodeAt(i);
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };

  // A filter is words that must all be there; name:word looks in one column, name>5 compares, a minus turns it round.
  const TERM = /(-?)(?:([\w.]+)(:|>=|<=|>|<|=))?(?:"([^"]*)"|(\S+))/g;
  const test = (text, columns) => {
    const terms = [];
    for (const [all, minus, name, sign, quoted, bare] of text.matchAll(TERM)) {
      const column = columns.find((c) => name && (c.n.toLowerCase() === name.toLowerCase()));
      const word = (quoted ?? bare).toLowerCase();
      let hit;
      if (!column) {
        const needle = (quoted !== undefined && !name ? quoted : all.slice(minus.length)).toLowerCase();
        const texts = columns.map(lower);
        hit = (i) => texts.some((of) => of(i).includes(needle));
      } else if (sign === ":") {
        const of = lower(column);
        hit = (i) => of(i).includes(word);
      } else {
        const limit = NUMERIC.has(column.k) ? Number(word) : word;
        const of = NUMERIC.has(column.k) ? (i) => column.d[i] : lower(column);
        hit = (i) => {
          const x = of(i);
          if (x === null || x === "") return false;
          return sign === ">" ? x > limit : sign === "<" ? x < limit : sign === ">=" ? x >= limit
            : sign === "<=" ? x <= limit : x === limit;
        };
      }
      terms.push(minus ? (i) => !hit(i) : hit);
    }
    return (i) => terms.every((term) => term(i));
  };
  const lower = (column) => {
    if (!column.lower) column.lower = column.d.map((x) => x === null ? "" : spoken(x, column.k === "text" ? "text" : column.k).toLowerCase());
    return (i) => column.lower[i];
  };

  const csvCell = (value, kind) => {
    if (value === null) return "";
    let text = String(value);
    if (!NUMERIC.has(kind) && /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };

  class Grid {
    constructor(root) {
      this.root = root;
      this.rows = Number(root.dataset.rows);
      this.here = Number(root.dataset.here);
      this.columns = JSON.parse(root.querySelector("script.head").textContent);
      this.packed = root.querySelector("script.all");
      this.page = 0;
      this.order = null;
      this.build();
      this.apply();
    }
    get held() { return this.columns[0].d.length; }
    build() {
      const bar = make("div", "bar");
      this.filter = make("input");
      this.filter.type = "search";
      this.filter.placeholder = "filter";
      this.filter.title = 'words that must all be there; column:word, column>5, -word, "two words"';
      this.filter.setAttribute("aria-label", "Filter rows");
      let wait;
      this.filter.addEventListener("input", () => {
        clearTimeout(wait);
        wait = setTimeout(() => this.change(() => { this.page = 0; }), 150);
      });
      this.count = make("span", "count");
      this.count.setAttribute("role", "status");
      const save = make("button", "save", "CSV");
      save.type = "button";
      save.title = "Save these rows, as filtered and sorted, as a CSV file";
      save.addEventListener("click", () => this.change(() => this.save()));
      bar.append(this.filter, this.count, make("span", "gap"), save);
      const scroll = make("div", "scroll");
      scroll.tabIndex = -1;
      const table = make("table");
      const head = make("tr");
      this.heads = this.columns.map((column) => {
        const th = make("th", NUMERIC.has(column.k) ? "num" : "");
        th.scope = "col";
        const button = make("button", "", column.l);
        button.type = "button";
        button.title = column.n;
        if (column.z) button.append(" ", make("small", "", column.z));
        button.addEventListener("click", () => this.change(() => this.sortBy(column)));
        th.append(button);
        head.append(th);
        return th;
      });
      const thead = make("thead");
      thead.append(head);
      this.body = make("tbody");
      this.body.addEventListener("click", (event) => this.detail(event.target.closest("tr.row")));
      table.append(thead, this.body);
      scroll.append(table);
      this.pager = make("div", "pager");
      this.back = make("button", "", "\u2039");
      this.next = make("button", "", "\u203a");
      this.back.setAttribute("aria-label", "Previous page");
      this.next.setAttribute("aria-label", "Next page");
      this.where = make("span");
      this.back.addEventListener("click", () => this.change(() => { this.page -= 1; }));
      this.next.addEventListener("click", () => this.change(() => { this.page += 1; }));
      this.pager.append(this.where, this.back, this.next);
      this.root.append(bar, scroll, this.pager);
    }
    // Every change looks at all rows of the file: those that are packed are unpacked at the first one.
    async change(what) {
      try {
        if (this.packed) {
          this.count.textContent = "unpacking \u2026";
          this.root.setAttribute("aria-busy", "true");
          await new Promise((done) => setTimeout(done));
          const columns = await unpack(this.packed.textContent);
          columns.forEach((column, at) => { this.columns[at].d = column.d; delete this.columns[at].lower; });
          this.packed = null;
          this.root.removeAttribute("aria-busy");
        }
        what();
        this.apply();
      } catch (error) {
        this.count.textContent = "this browser cannot unpack the rows: " + error.message;
      }
    }
    sortBy(column) {
      const same = this.order && this.order.column === column;
      const first = NUMERIC.has(column.k) || column.k === "time" ? -1 : 1;
      if (same && this.order.sign !== first) this.order = null;
      else this.order = { column, sign: same ? -first : first };
      this.page = 0;
    }
    apply() {
      const text = this.filter.value.trim();
      const wanted = text ? test(text, this.columns) : null;
      const found = [];
      for (let i = 0; i < this.held; i++) if (!wanted || wanted(i)) found.push(i);
      if (this.order) {
        const { column, sign } = this.order;
        const of = column.s || (column.k === "big" ? column.d.map((x) => x === null ? null : BigInt(x)) : column.d);
        found.sort((a, b) => {
          const x = of[a], y = of[b];
          if (x === y) return a - b;
          if (x === null) return 1;
          if (y === null) return -1;
          return x < y ? -sign : x > y ? sign : a - b;
        });
      }
      this.found = found;
      this.heads.forEach((th, at) => {
        if (this.order && this.order.column === this.columns[at]) {
          th.setAttribute("aria-sort", this.order.sign > 0 ? "ascending" : "descending");
        } else th.removeAttribute("aria-sort");
      });
      this.show();
    }
    show() {
      const total = this.packed ? this.here : this.held;
      const matches = this.filter.value.trim() ? this.found.length : total;
      const pages = Math.max(1, Math.ceil(matches / PAGE));
      this.page = Math.min(Math.max(0, this.page), pages - 1);
      const at = this.page * PAGE;
      const rows = this.found.slice(at, at + PAGE).map((i) => {
        const row = make("tr", "row");
        row.dataset.i = i;
        for (const column of this.columns) {
          const value = column.d[i];
          const cell = make("td", NUMERIC.has(column.k) ? "num" : column.k === "time" ? "time" : "", spoken(value, column.k));
          if (column.k === "share" && value !== null) {
            cell.classList.add("share");
            cell.style.setProperty("--v", Math.min(100, Math.max(0, 100 * value)) + "%");
          }
          row.append(cell);
        }
        return row;
      });
      this.body.replaceChildren(...rows);
      this.count.textContent = this.filter.value.trim()
        ? `${whole.format(matches)} of ${whole.format(total)} rows` : `${whole.format(total)} rows`;
      this.where.textContent = matches ? `${whole.format(at + 1)}\u2013${whole.format(Math.min(at + PAGE, matches))} of ${whole.format(matches)}` : "";
      this.back.disabled = this.page === 0;
      this.next.disabled = this.page >= pages - 1;
      this.pager.hidden = pages === 1;
    }
    detail(row) {
      if (!row || String(window.getSelection())) return;
      const after = row.nextElementSibling;
      if (after && !after.classList.contains("row")) { after.remove(); return; }
      const cell = make("td", "detail");
      cell.colSpan = this.columns.length;
      const list = make("dl");
      for (const column of this.columns) {
        const value = column.d[row.dataset.i];
        if (value === null || value === "") continue;
        const said = spoken(value, column.k);
        const exact = ["seconds", "bytes", "share", "number"].includes(column.k) ? ` (${value})` : "";
        list.append(make("dt", "", column.n), make("dd", "", said + exact));
      }
      cell.append(list);
      const line = make("tr", "more");
      line.append(cell);
      row.after(line);
    }
    save() {
      this.apply();
      const lines = [this.columns.map((column) => csvCell(column.n, "text")).join(",")];
      for (const i of this.found) lines.push(this.columns.map((column) => csvCell(column.d[i], column.k)).join(","));
      const link = make("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\n"), "\n"], { type: "text/csv;charset=utf-8" }));
      link.download = (this.root.dataset.name || "table") + ".csv";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    }
  }
  for (const root of document.querySelectorAll(".grid")) new Grid(root);

  // Tooltips of charts: the titles that the drawing carries, at once and beside the pointer.
  const tip = document.getElementById("tip");
  for (const title of document.querySelectorAll("figure svg title")) {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  }
  const point = (event) => {
    const mark = event.target.closest?.("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    const box = tip.getBoundingClientRect();
    const x = event.clientX + 14, y = event.clientY + 14;
    tip.style.left = Math.max(4, Math.min(x, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + box.height > innerHeight - 4 ? event.clientY - box.height - 10 : y) + "px";
  };
  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  // Light and dark: the system's choice until somebody chooses.
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "light" : "dark"; theme.hidden = false; };
  theme.setAttribute("aria-label", "Switch between light and dark");
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  system.addEventListener("change", name);
  name();

  // Contents: open beside the text, closed above it; the section in view is marked.
  const contents = document.querySelector("nav details");
  const narrow = matchMedia("(max-width: 900px)");
  const fold = () => { contents.open = !narrow.matches; };
  narrow.addEventListener("change", fold);
  fold();
  contents.addEventListener("click", (event) => { if (event.target.closest("a") && narrow.matches) contents.open = false; });
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.classList.remove("here");
      links.get(entry.target.id)?.classList.add("here");
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  for (const section of document.querySelectorAll("main section")) if (links.has(section.id)) seen.observe(section);
})();
