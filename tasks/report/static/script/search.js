// Search over headings, captions and prompts, in the page alone.
const MOST_RESULTS = 30;

function startSearch() {
  const form = document.querySelector("form.search");
  if (!document.getElementById("search-entries")) return;
  form.hidden = false;
  const input = form.querySelector("input");
  const list = form.querySelector("ul");
  const count = form.querySelector("output");
  let entries = null;
  const search = () => {
    entries ??= readEntries();
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length
      ? entries.filter(({ all }) => words.every((word) => all.includes(word))) : [];
    list.replaceChildren(...found.slice(0, MOST_RESULTS).map(({ title, where, href }) =>
      make("li", {}, make("a", { href, onclick: close }, make("strong", {}, title),
        make("span", {}, where)))));
    const more = found.length > MOST_RESULTS ? `, the first ${MOST_RESULTS} shown` : "";
    count.textContent = words.length ? `${found.length || "nothing"} found${more}` : "";
    form.classList.toggle("is-open", words.length > 0);
  };
  const close = () => {
    input.value = "";
    search();
  };
  document.addEventListener("darkroom-renewed", () => { entries = null; });
  input.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    input.focus();
  });
  // What was found lies over the page: it is put away while the reader is elsewhere.
  for (const name of ["focusin", "pointerdown"]) {
    document.addEventListener(name, ({ target }) => form.classList.toggle("is-open",
      form.contains(target) && input.value.trim() !== ""));
  }
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable], dialog");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
}

function readEntries() {
  const island = document.getElementById("search-entries");
  return JSON.parse(island.textContent).map(([title, where, text, href]) =>
    ({ title, where, href, all: `${title} ${where} ${text}`.toLowerCase() }));
}
