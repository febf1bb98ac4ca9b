// Losses that were reported elsewhere beside this run's, at each step that was reported.
function makePaired({ steps, rows }) {
  const head = (text, attributes = {}) => make("th", { scope: "col", ...attributes }, text);
  const title = "This run beside the reported losses";
  return make("div", { class: "scroll paired", role: "region", tabindex: 0, "aria-label": title },
    make("table", {}, make("caption", {}, title),
      make("thead", {},
        make("tr", {}, head("epoch", { rowspan: 2 }),
          ...steps.map((step) => head(`step ${step}`, { scope: "colgroup", colspan: 2 }))),
        make("tr", {}, ...steps.flatMap(() => [head("this run"), head("reported")]))),
      make("tbody", {}, ...rows.map(([epoch, pairs]) => make("tr", {},
        make("th", { scope: "row" }, String(epoch)),
        ...pairs.flat().map((loss) => make("td", {}, loss)))))));
}
