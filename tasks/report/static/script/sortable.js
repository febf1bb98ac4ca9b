// A table sorted by a click on the head of a column, and filtered by words.
function startSortable(holder) {
  const table = holder.querySelector("table");
  const body = table.tBodies[0];
  const lines = [...body.rows].map((row) => ({
    row,
    values: [...row.cells].map(({ dataset, textContent }) =>
      (dataset.value === undefined ? textContent : Number(dataset.value))),
    all: row.textContent.toLowerCase(),
  }));
  const collator = new Intl.Collator("en", { numeric: true });
  const compare = (a, b) => {
    if (typeof a === "string") return collator.compare(a, b);
    // What is no number comes last, whichever way.
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return a - b;
  };
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", class: "sort" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const isUp = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      lines.sort((a, b) => {
        const [x, y] = [a.values[column], b.values[column]];
        return isUp || Number.isNaN(x) || Number.isNaN(y) ? compare(x, y) : compare(y, x);
      });
      body.append(...lines.map(({ row }) => row));
    });
  });
  const filter = holder.querySelector(".filter");
  const [input, output] = [filter.querySelector("input"), filter.querySelector("output")];
  filter.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, all } of lines) {
      row.hidden = !words.every((word) => all.includes(word));
      count += !row.hidden;
    }
    output.textContent = words.length ? `${count.toLocaleString("en")} of ${
      lines.length.toLocaleString("en")}` : `${lines.length.toLocaleString("en")} metrics`;
  });
}
