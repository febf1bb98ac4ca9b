// An anagram: the picture itself is turned, and the prompt of each end stands below.
const TURN_SIZE = 320;

function startTurn(stage, control) {
  const { motion, words, prompts } = control;
  const image = make("img", {
    src: control.picture,
    class: "pixels",
    alt: `The picture, ${words[0]}: ${prompts[0]}`,
  });
  const scale = Math.max(1, Math.round(TURN_SIZE / motion.size));
  const side = motion.size * scale;
  const rest = make("div", { class: "turn-rest" }, image);
  image.width = image.height = side;
  // A square turned by an eighth reaches further out than one at rest.
  const isRigid = isWholeTurn(motion);
  const field = make("div", { class: "turn-field" }, rest);
  field.style.setProperty("--side", `${side}px`);
  if (isRigid && motion.turning) field.classList.add("is-turning");
  const canvas = make("canvas", { width: side, height: side, hidden: true, "aria-hidden": "true" });
  rest.append(canvas);
  const says = prompts.map((prompt, end) =>
    make("p", { class: "prompt" }, make("span", { class: "quiet" }, words[end]), prompt));

  const show = (progress) => {
    const inverted = motion.negative ? `invert(${progress})` : "";
    image.style.filter = canvas.style.filter = inverted;
    if (isRigid) image.style.transform = rigidTransform(motion, progress);
    else drawRearranged(canvas, image, motion, scale, progress);
    canvas.hidden = isRigid || progress === 0;
    image.style.visibility = canvas.hidden ? "" : "hidden";
    const end = progress < 0.5 ? 0 : 1;
    says.forEach((line, index) => line.classList.toggle("is-shown", index === end));
    image.alt = `The picture, ${words[end]}: ${prompts[end]}`;
  };
  const { row } = makeMovingControls(
    "View",
    [{ word: words[0], ask: `Back to ${words[0]}` }, { word: words[1], ask: "Change the view" }],
    1.1,
    show,
  );
  show(0);
  stage.append(field, make("div", { class: "side" }, ...says, row));
  stage.classList.add("has-side");
}

function isWholeTurn(motion) {
  if (motion.mirror !== undefined) return true;
  if (motion.shifts) return false;
  const { size, turning, straight } = motion;
  const isAll = (box) => box[0] === 0 && box[1] === 0 && box[2] === size && box[3] === size;
  if (turning.length === 0) return isAll(straight) && straight[4] === 0 && straight[5] === 0;
  return turning.length === 1 && turning[0].rectangles.length === 4 && isAll(turning[0].rectangles);
}

function rigidTransform(motion, progress) {
  const squashed = Math.cos(Math.PI * progress);
  if (motion.mirror === 0) return `scaleY(${squashed})`;
  if (motion.mirror === 1) return `scaleX(${squashed})`;
  return motion.turning.length ? `rotate(${90 * motion.turning[0].turns * progress}deg)` : "";
}
