// A hybrid: walking away makes it small; the same by blurring it where it hangs.
const NEAREST = 320;
const MARGIN = 24;

function startDistance(stage, control) {
  const { far, prompts } = control;
  const near = Math.min(Math.max(control.near, NEAREST), Math.max(far, stage.clientWidth - MARGIN));
  const picture = (alt) => make("img", { src: control.picture, alt, width: near, height: near });
  const walked = picture(`The picture, as far away as the slider says: ${prompts.join(", or ")}`);
  const blurred = picture("The same picture, blurred as much as that distance blurs it");
  const says = prompts.map((prompt, end) =>
    make("p", { class: "prompt" }, make("span", { class: "quiet" }, end ? "far" : "near"), prompt));
  const width = (progress) => Math.round(near * (far / near) ** progress);
  const show = (progress) => {
    const shown = width(progress);
    walked.style.width = `${shown}px`;
    // Of a picture `shown` wide one pixel covers near / shown of the large one.
    const radius = (near / shown - 1) / 2;
    blurred.style.filter = radius ? `blur(${radius.toFixed(3)}px)` : "";
    const end = progress < 0.5 ? 0 : 1;
    says.forEach((line, index) => line.classList.toggle("is-shown", index === end));
  };
  const words = [
    { word: `near, ${near} px`, ask: "Walk up" },
    { word: `far, ${far} px`, ask: "Walk away" },
  ];
  const { row } = makeMovingControls("Distance", words, 2.2, show);
  const frame = (image, name) => {
    const field = make("div", { class: "distance-field" }, image);
    field.style.setProperty("--side", `${near}px`);
    return make("div", {}, field, make("p", { class: "quiet" }, name));
  };
  show(0);
  stage.append(
    make("div", { class: "side-by-side" }, frame(walked, "walking away"),
      frame(blurred, "blurred in place")),
    make("div", { class: "prompts" }, ...says),
    row,
  );
}
