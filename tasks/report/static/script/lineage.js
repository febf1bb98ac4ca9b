// Pointing at a box of the lineage shows what it was made from, and what was made from it.
function startLineage(svg) {
  const arrows = [...svg.querySelectorAll(".arrow")];
  const boxes = [...svg.querySelectorAll(".box")];
  const ends = arrows.map(({ dataset }) => [Number(dataset.from), Number(dataset.to)]);
  const choose = (number) => {
    const found = new Set([...reached(ends, number, 0), ...reached(ends, number, 1)]);
    svg.classList.add("has-chosen");
    boxes.forEach((box) => box.classList.toggle("is-near", found.has(Number(box.dataset.number))));
    arrows.forEach((arrow, index) => arrow.classList.toggle(
      "is-near", ends[index].every((end) => found.has(end))));
  };
  const forget = () => svg.classList.remove("has-chosen");
  for (const box of boxes) {
    const number = Number(box.dataset.number);
    box.addEventListener("pointerenter", () => choose(number));
    box.addEventListener("focus", () => choose(number));
    box.addEventListener("pointerleave", forget);
    box.addEventListener("blur", forget);
  }
}

// Everything from `start` along the arrows: side 0 forwards, 1 backwards.
function reached(ends, start, side) {
  const found = new Set([start]);
  const waiting = [start];
  while (waiting.length) {
    const from = waiting.pop();
    for (const pair of ends) {
      if (pair[side] !== from || found.has(pair[1 - side])) continue;
      found.add(pair[1 - side]);
      waiting.push(pair[1 - side]);
    }
  }
  return found;
}
