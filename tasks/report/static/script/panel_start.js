// What readers can do with one panel. Built when the panel comes near, so that a page of thousands
// of figures answers at once.
const STARTERS = {
  turn: (stage, data) => startTurn(stage, data.control),
  distance: (stage, data) => startDistance(stage, data.control),
  curve: (stage, data) => startCurve(stage, data.control),
  wipe: (stage, data, sheet) => startWipe(stage, data.control, data.places, sheet),
  steps: (stage, data, sheet) => startSteps(stage, data.control, data.places, sheet),
};
// In these the still says nothing that the control does not.
const TAKES_THE_PLACE = new Set(["turn", "distance", "curve"]);

function startPanel(figure) {
  if (figure.dataset.started) return;
  figure.dataset.started = "yes";
  const button = figure.querySelector("button.play");
  if (button) startAnimation(button);
  const island = figure.querySelector("script.play-data");
  if (!island) return;
  const data = JSON.parse(island.textContent);
  const sheet = figure.querySelector(".frame img");
  if (data.control) {
    const stage = figure.querySelector(".stage");
    stage.hidden = false;
    STARTERS[data.control.kind](stage, data, sheet);
    figure.classList.toggle("is-replaced", TAKES_THE_PLACE.has(data.control.kind));
  }
  if (data.places.length && !TAKES_THE_PLACE.has(data.control?.kind)) {
    startCells(figure, data, sheet);
  }
}

const panelObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    panelObserver.unobserve(target);
    startPanel(target);
  }
}, { rootMargin: "600px" });

function startPanelsWhenNear() {
  for (const figure of document.querySelectorAll("figure.panel")) panelObserver.observe(figure);
}
