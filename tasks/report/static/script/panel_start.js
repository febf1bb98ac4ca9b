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
const startedPanels = new WeakSet();

function startPanel(figure) {
  if (startedPanels.has(figure)) return;
  startedPanels.add(figure);
  const button = figure.querySelector("button.play");
  if (button) startAnimation(button);
  watchScrollers(figure);
  const media = figure.querySelector(".media[data-play]");
  if (media) {
    playFile(figure, media.dataset.play).then(
      (data) => startMedia(figure, data), () => sayMissing(media),
    ).finally(() => { figure.dataset.started = "yes"; });
    return;
  }
  const island = figure.querySelector("script.play-data");
  if (island) startMedia(figure, JSON.parse(island.textContent));
  figure.dataset.started = "yes";
}

// The still stands as it is.
function sayMissing(media) {
  media.append(make("p", { class: "quiet", role: "status" },
    `The controls of this picture are not here: ${media.dataset.play} is missing or damaged. `
    + "Copy the whole folder of the report, or make the report again."));
}

function startMedia(figure, data) {
  const sheet = figure.querySelector(".frame img");
  if (data.control) {
    const stage = figure.querySelector(".stage");
    stage.hidden = false;
    STARTERS[data.control.kind](stage, data, stillOf(sheet));
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
