// Two pictures of the same panel: side by side, wiped across one another, or one at a time.
function startComparison(pair) {
  const figures = [...pair.querySelectorAll("figure")];
  const images = figures.map((figure) => figure.querySelector("img"));
  // The browser would carry a picture away that is dragged, in place of the line.
  const copies = images.map((image, side) => make("img", { src: image.src, alt: "",
    class: side === 0 ? "over" : "", width: image.getAttribute("width"),
    height: image.getAttribute("height"), draggable: "false" }));
  const field = make("div", { class: "wipe-field", role: "img" }, copies[1], copies[0],
    make("span", { class: "wipe-line" }));
  const wipe = makeSlider("Wipe", {
    max: 100,
    value: 50,
    say: (value) => `${value} % of A`,
    onchange: (value) => field.style.setProperty("--wipe", `${value}%`),
  });
  const swap = make("button", { type: "button", onclick: () => show(shown === 0 ? 1 : 0) });
  let shown = 0;
  const show = (side) => {
    shown = side;
    field.style.setProperty("--wipe", side === 0 ? "100%" : "0%");
    swap.textContent = side === 0 ? "Show B" : "Show A";
    field.setAttribute("aria-label", images[side].alt);
  };
  const modes = {
    "side by side": () => {},
    wipe: () => {
      wipe.set(wipe.get());
      field.setAttribute("aria-label", `A left of the line, B right of it. ${images[0].alt}`);
    },
    "one at a time": () => show(shown),
  };
  const choose = (name) => {
    pair.classList.toggle("is-replaced", name !== "side by side");
    field.hidden = name === "side by side";
    wipe.label.hidden = name !== "wipe";
    field.classList.toggle("is-whole", name !== "wipe");
    swap.hidden = name !== "one at a time";
    modes[name]();
  };
  const name = `mode-${startComparison.count = (startComparison.count ?? 0) + 1}`;
  const radios = Object.keys(modes).map((mode, index) => make("label", { class: "toggle" },
    make("input", { type: "radio", name, checked: index === 0, onchange: () => choose(mode) }),
    mode));
  const follow = (event) => {
    if (wipe.label.hidden) return;
    const box = field.getBoundingClientRect();
    wipe.set(Math.round((100 * (event.clientX - box.left)) / box.width));
  };
  field.addEventListener("pointerdown", (event) => {
    field.setPointerCapture(event.pointerId);
    follow(event);
  });
  field.addEventListener("pointermove", (event) => event.buttons && follow(event));
  pair.before(make("fieldset", { class: "controls" }, make("legend", {}, "Show"), ...radios,
    wipe.label, swap));
  pair.append(field);
  choose("side by side");
}

function startComparisonsWhenNear() {
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      startComparison(target);
    }
  }, { rootMargin: "600px" });
  for (const pair of document.querySelectorAll(".can-compare")) observer.observe(pair);
}
