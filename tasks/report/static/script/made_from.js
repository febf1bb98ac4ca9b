// What a node was made from, put in when its line is opened: the numbers are those of rows.
function startMadeFrom(table) {
  let rows = null;
  const put = (details) => {
    if (details.children.length > 1) return;
    rows ??= [...table.querySelectorAll("tr.node")];
    const list = make("ul", { class: "made-from" });
    for (const place of details.dataset.rows.split(" ")) {
      const row = rows[Number(place)];
      list.append(make("li", {}, make("a", { href: `#${row.id}` }, row.cells[0].textContent)));
    }
    details.append(list);
  };
  // Opening does not bubble; it is seen on its way down.
  table.addEventListener("toggle", ({ target }) => {
    if (target.open && target.dataset.rows) put(target);
  }, { capture: true });
  window.addEventListener("beforeprint", () => {
    table.querySelectorAll("details[data-rows]").forEach(put);
  });
}
