// Original and result, one over the other, and a line between them that the reader moves.
function startWipe(stage, control, places, sheet) {
  const { subjects } = control;
  const under = make("canvas", { "aria-hidden": "true" });
  const over = make("canvas", { class: "over", "aria-hidden": "true" });
  const field = make("div", { class: "wipe-field", role: "img" }, under, over,
    make("span", { class: "wipe-line" }));
  const title = make("p", { class: "quiet", "aria-live": "polite" });
  let subject = subjects[0];

  const wipe = makeSlider("Wipe", {
    max: 100,
    value: 50,
    say: (value) => `${value} % original`,
    onchange: (value) => field.style.setProperty("--wipe", `${value}%`),
  });
  const results = makeSlider(control.slider, {
    max: Math.max(...subjects.map((each) => each.results.length)) - 1,
    say: (value) => subject.results[Math.min(value, subject.results.length - 1)].label,
    onchange: () => show(),
  });
  const chooser = make("select", { "aria-label": "Picture", onchange: () => {
    subject = subjects[chooser.selectedIndex];
    results.input.max = subject.results.length - 1;
    results.label.hidden = subject.results.length < 2;
    results.set(Math.min(results.get(), subject.results.length - 1));
  } }, ...subjects.map((each) => make("option", {}, each.title)));

  const show = () => {
    const result = subject.results[Math.min(results.get(), subject.results.length - 1)];
    const original = places[subject.original];
    const scale = stageScale(places[result.place]);
    drawCrop(under, sheet, places[result.place], scale);
    drawCrop(over, sheet, original, scale);
    title.textContent = [subject.title, result.label].filter(Boolean).join(": ");
    field.setAttribute("aria-label", `Original left of the line, result right: ${title.textContent}`);
  };
  const follow = (event) => {
    const box = field.getBoundingClientRect();
    wipe.set(Math.round((100 * (event.clientX - box.left)) / box.width));
  };
  field.addEventListener("pointerdown", (event) => {
    field.setPointerCapture(event.pointerId);
    follow(event);
  });
  field.addEventListener("pointermove", (event) => event.buttons && follow(event));
  wipe.set(50);
  results.label.hidden = subject.results.length < 2;
  show();
  const row = make("div", { class: "controls" }, wipe.label, results.label);
  if (subjects.length > 1) row.prepend(chooser);
  stage.append(field, make("div", { class: "side" }, title, row));
  stage.classList.add("has-side");
}
