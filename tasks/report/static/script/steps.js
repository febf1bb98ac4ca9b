// One frame of a sheet at a time: checkpoints, timesteps, numbers of steps.
const FRAME_SECONDS = 0.7;

function startSteps(stage, control, places, sheet) {
  const { frames } = control;
  const holder = make("div", { class: "steps-field" });
  const shown = frames.map((frame) => frame.places.map((number) => places[number]));
  const parts = (of) => (control.together ? [around(of)] : of);
  const canvases = parts(shown[0]).map(() => make("canvas", { role: "img" }));
  const labels = canvases.map(() => make("p", { class: "quiet" }));
  const show = (index) => {
    const found = parts(shown[index]);
    canvases.forEach((canvas, part) => {
      canvas.hidden = !found[part];
      if (!found[part]) return;
      drawCrop(canvas, sheet, found[part], stageScale(found[part], found.length > 1 ? 192 : 384));
      canvas.setAttribute("aria-label", found[part].title || frames[index].label);
      labels[part].textContent = (found[part].title || "").split("; ")
        .filter((word) => word !== frames[index].label).join("; ");
    });
  };
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
    button.setAttribute("aria-pressed", "false");
  };
  const slider = makeSlider(control.slider, {
    max: frames.length - 1,
    value: frames.length - 1,
    say: (value) => frames[value].label,
    onchange: show,
  });
  slider.input.addEventListener("input", stop);
  const button = make("button", { type: "button", class: "play", "aria-pressed": "false",
    onclick: () => {
      if (timer) {
        stop();
        return;
      }
      button.textContent = "Pause";
      button.setAttribute("aria-pressed", "true");
      slider.set((slider.get() + 1) % frames.length);
      timer = setInterval(() => slider.set((slider.get() + 1) % frames.length),
        1000 * FRAME_SECONDS);
    } }, "Play");
  holder.append(...canvases.map((canvas, part) => make("div", {}, canvas, labels[part])));
  show(frames.length - 1);
  stage.append(holder, make("div", { class: "side" },
    make("div", { class: "controls" }, button, slider.label)));
  stage.classList.toggle("has-side", canvases.length === 1);
}
