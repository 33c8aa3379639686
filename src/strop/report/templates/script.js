(() => {
  "use strict";
  const root = document.documentElement;
  const say = (text) => { document.getElementById("said").textContent = text; };

  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const show = (name) => {
    if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
    theme.textContent = "Theme: " + name;
  };
  const stored = () => { try { return localStorage.getItem("strop-theme") || "auto"; } catch { return "auto"; } };
  let current = themes.includes(stored()) ? stored() : "auto";
  const turn = () => {
    current = themes[(themes.indexOf(current) + 1) % themes.length];
    show(current);
    try { localStorage.setItem("strop-theme", current); } catch { /* a file may have no storage */ }
  };
  show(current);
  theme.hidden = false;
  theme.addEventListener("click", turn);

  const copyOld = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { return copyOld(text); }
  };
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(button.dataset.copy);
      button.textContent = done ? "Copied" : "Select it";
      say(done ? "Copied" : "Could not copy");
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }

  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    table.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-column]");
      if (!button) return;
      const head = button.closest("th");
      const text = "text" in button.dataset;
      const down = head.getAttribute("aria-sort") === (text ? "ascending" : "none") || head.getAttribute("aria-sort") === "ascending";
      const sign = down ? -1 : 1;
      for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const column = Number(button.dataset.column);
      const rows = [...body.rows].sort((a, b) => text
        ? sign * value(a, column).localeCompare(value(b, column))
        : sign * (Number(value(a, column)) - Number(value(b, column))));
      body.append(...rows);
      say("Sorted by " + (button.getAttribute("aria-label") || button.textContent) + ", " + (down ? "descending" : "ascending"));
    });
  }

  for (const table of document.querySelectorAll("table[data-fold]")) {
    const limit = Number(table.dataset.fold);
    const unfold = table.parentElement.nextElementSibling;
    if (table.tBodies[0].rows.length <= limit + 3 || !unfold.matches(".unfold")) continue;
    table.classList.add("folded");
    unfold.hidden = false;
    unfold.addEventListener("click", () => { table.classList.remove("folded"); unfold.hidden = true; });
  }

  const cards = [...document.querySelectorAll("article.card")];
  const go = (step) => {
    const at = cards.indexOf(document.activeElement.closest("article.card"));
    const next = at < 0 ? (step > 0 ? 0 : cards.length - 1) : at + step;
    const card = cards[Math.min(Math.max(next, 0), cards.length - 1)];
    if (card) { card.focus({ preventScroll: true }); card.scrollIntoView({ block: "start" }); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "t") turn();
  });

  const closed = [];
  addEventListener("beforeprint", () => {
    for (const detail of document.querySelectorAll("details:not([open])")) { detail.open = true; closed.push(detail); }
  });
  addEventListener("afterprint", () => { while (closed.length) closed.pop().open = false; });
})();
