// Tables that sort, filter and page; tooltips of charts; light and dark. Nothing is fetched, nothing is evaluated,
// and text goes into the page as text only.
(() => {
  "use strict";
  const PAGES = [10, 25, 100];
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
    const whole = Math.round(s), two = (n) => String(n).padStart(2, "0");
    if (whole < 7200) return sign + Math.floor(whole / 60) + " min" + (whole % 60 ? ` ${two(whole % 60)} s` : "");
    const minutes = Math.round(s / 60), hours = Math.floor(minutes / 60);
    return sign + (hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`);
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
  const places = [0, 1, 2, 3].map((n) => new Intl.NumberFormat("en-US", { minimumFractionDigits: n, maximumFractionDigits: n }));
  const number = (x, n) => x !== 0 && Math.abs(x) < 0.001 ? x.toPrecision(2) : places[n].format(x);
  const spoken = (value, column) => {
    if (value === null) return "";
    switch (column.k) {
      case "bool": return value ? "yes" : "no";
      case "count": return whole.format(value);
      case "share": return (100 * value).toFixed(1) + " %";
      case "seconds": return seconds(value);
      case "bytes": return bytes(value);
      case "number": return number(value, column.p);
      default: return String(value);
    }
  };

  // A cell shows milliseconds; the row's details and the CSV file have all that there is.
  const brief = (text) => text.replace(/(\.\d{3})\d+/, "$1");

  const unpack = async (text) => {
    const raw = atob(text.trim());
    const data = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) data[i] = raw.charCodeAt(i);
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };

  // Long work is cut into slices, so that the page keeps answering.
  const SLICE = 20000;
  const pause = () => new Promise((done) => setTimeout(done));

  // A filter is words that must all be there; name:word looks in one column, name>5 compares, a minus turns it round.
  const TERM = /(-?)(?:([\w.]+)(:|>=|<=|>|<|=))?(?:"([^"]*)"|(\S+))/g;
  const lowered = async (column) => {
    if (!column.lower) {
      column.lower = column.d.map((x) => x === null ? "" : typeof x === "string" ? x.toLowerCase() : column.k === "bool" ? (x ? "yes" : "no") : String(x));
      if (column.d.length > SLICE) await pause();
    }
    return column.lower;
  };
  const within = async (column, word) => {
    const texts = await lowered(column);
    const needle = NUMERIC.has(column.k) ? word.replaceAll(",", "") : word;
    return (i) => texts[i].includes(needle);
  };
  const beyond = async (column, sign, word) => {
    const numeric = NUMERIC.has(column.k);
    const limit = numeric ? Number(word.replaceAll(",", "")) : word;
    const values = numeric ? column.d : await lowered(column);
    const holds = { ">": (x) => x > limit, "<": (x) => x < limit, ">=": (x) => x >= limit, "<=": (x) => x <= limit, "=": (x) => x === limit }[sign];
    return (i) => values[i] !== null && values[i] !== "" && holds(numeric ? Number(values[i]) : values[i]);
  };
  const testOf = async (text, columns) => {
    const terms = [];
    for (const [all, minus, name, sign, quoted, bare] of text.toLowerCase().matchAll(TERM)) {
      const column = columns.find((c) => c.n.toLowerCase() === name);
      let hit;
      if (column && sign === ":") hit = await within(column, quoted ?? bare);
      else if (column) hit = await beyond(column, sign, quoted ?? bare);
      else {
        const word = quoted !== undefined && !name ? quoted : all.slice(minus.length);
        const anywhere = [];
        for (const c of columns) anywhere.push(await within(c, word));
        hit = (i) => anywhere.some((there) => there(i));
      }
      terms.push(minus ? (i) => !hit(i) : hit);
    }
    return (i) => terms.every((term) => term(i));
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
      this.size = PAGES[0];
      this.order = null;
      if (!this.rows) {
        root.append(make("p", "none", "No rows."));
        return;
      }
      for (const column of this.columns) {
        column.c = NUMERIC.has(column.k) ? "num" : column.k === "time" || column.k === "day" ? "time"
          : /^(md5|sha1|sha256)$/.test(column.n) ? "hash" : "";
      }
      this.build();
      this.apply(this.run = 0);
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
      save.addEventListener("click", async () => { await this.change(() => {}); this.save(); });
      this.filter.hidden = this.rows <= PAGES[0];
      bar.append(this.filter, this.count, make("span", "gap"), save);
      const scroll = make("div", "scroll");
      scroll.tabIndex = -1;
      const table = make("table");
      const head = make("tr");
      this.heads = this.columns.map((column) => {
        const th = make("th", column.c);
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
      const turn = (pages) => {
        this.page += pages;
        if (this.packed) this.change(() => {});
        else this.show();
      };
      this.back.addEventListener("click", () => turn(-1));
      this.next.addEventListener("click", () => turn(1));
      const size = make("select");
      size.setAttribute("aria-label", "Rows per page");
      for (const n of PAGES) size.append(make("option", "", String(n)));
      size.addEventListener("change", () => this.change(() => { this.size = Number(size.value); this.page = 0; }));
      this.pager.append(size, "per page", make("span", "gap"), this.where, this.back, this.next);
      this.root.append(bar, scroll, this.pager);
    }
    // Every change looks at all rows of the file: those that are packed are unpacked at the first one.
    async change(what) {
      const run = ++this.run;
      try {
        if (this.packed) {
          this.count.textContent = "unpacking \u2026";
          this.root.setAttribute("aria-busy", "true");
          await pause();
          const columns = await unpack(this.packed.textContent);
          columns.forEach((column, at) => Object.assign(this.columns[at], column, { lower: undefined }));
          this.packed = null;
          this.root.removeAttribute("aria-busy");
        }
        what();
        await this.apply(run);
      } catch (error) {
        this.count.textContent = "this browser cannot unpack the rows: " + error.message;
      }
    }
    sortBy(column) {
      const same = this.order && this.order.column === column;
      const first = NUMERIC.has(column.k) || column.k === "time" || column.k === "day" ? -1 : 1;
      if (same && this.order.sign !== first) this.order = null;
      else this.order = { column, sign: same ? -first : first };
      this.page = 0;
    }
    async apply(run) {
      const text = this.filter.value.trim();
      const wanted = text ? await testOf(text, this.columns) : () => true;
      const found = [];
      for (let i = 0; i < this.held; i++) {
        if (wanted(i)) found.push(i);
        if (i % SLICE === SLICE - 1) await pause();
      }
      if (run !== this.run) return; // somebody typed on
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
      const pages = Math.max(1, Math.ceil(matches / this.size));
      this.page = Math.min(Math.max(0, this.page), pages - 1);
      const at = this.page * this.size;
      const rows = this.found.slice(at, at + this.size).map((i) => {
        const row = make("tr", "row");
        row.dataset.i = i;
        for (const column of this.columns) {
          const value = column.d[i];
          const cell = make("td", column.c, column.k === "time" && value ? brief(value) : spoken(value, column));
          if (column.k === "share" && value !== null && !/_(low|high)$/.test(column.n)) {
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
      this.where.textContent = matches ? `${whole.format(at + 1)}\u2013${whole.format(Math.min(at + this.size, matches))} of ${whole.format(matches)}` : "";
      this.back.disabled = this.page === 0;
      this.next.disabled = this.page >= pages - 1;
      this.pager.hidden = matches <= PAGES[0];
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
        const said = spoken(value, column);
        const exact = ["seconds", "bytes", "share", "number"].includes(column.k) ? ` (${value})` : "";
        list.append(make("dt", "", column.n), make("dd", "", said + exact));
      }
      cell.append(list);
      const line = make("tr", "more");
      line.append(cell);
      row.after(line);
    }
    save() {
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
  addEventListener("beforeprint", () => { contents.open = true; });
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.classList.remove("here");
      const link = links.get(entry.target.id), nav = link?.closest("nav");
      if (!link) continue;
      link.classList.add("here");
      const below = link.getBoundingClientRect().bottom - nav.getBoundingClientRect().bottom + 40;
      const above = link.getBoundingClientRect().top - nav.getBoundingClientRect().top - 40;
      if (!narrow.matches && (below > 0 || above < 0)) nav.scrollTop += below > 0 ? below : above;
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  for (const section of document.querySelectorAll("main section")) if (links.has(section.id)) seen.observe(section);
})();
