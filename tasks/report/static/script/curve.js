// Losses over steps as a chart to read values from.
const CURVE = { height: 380, left: 56, right: 14, top: 12, bottom: 40 };

function startCurve(stage, control) {
  const shown = { raw: true, smoothed: true, log: control.log };
  const field = make("div", { class: "curve-field" });
  const readout = make("p", { class: "readout", "aria-live": "polite" });
  const lengths = control.series.map((line) => line.steps.length);
  const longest = control.series[lengths.indexOf(Math.max(...lengths))];
  let chart = null;

  const draw = () => {
    const width = Math.max(300, field.clientWidth || 800);
    chart = drawCurve(control.series, shown, width);
    field.replaceChildren(chart.svg);
    read(slider.get());
  };
  const read = (index) => {
    const step = longest.steps[index];
    chart.point(step);
    readout.replaceChildren(...control.series.map((line, number) => sayLoss(line, number, step)));
  };
  const slider = makeSlider("Step", {
    max: longest.steps.length - 1,
    value: longest.steps.length - 1,
    say: (index) => longest.steps[index].toLocaleString("en"),
    onchange: read,
  });
  const toggle = (name, text) => {
    const box = make("input", { type: "checkbox", checked: shown[name], onchange: () => {
      shown[name] = box.checked;
      draw();
    } });
    return make("label", { class: "toggle" }, box, text);
  };
  field.addEventListener("pointermove", (event) => {
    const step = chart.stepAt(event.clientX - field.getBoundingClientRect().left);
    slider.set(nearestIndex(longest.steps, step));
  });
  stage.append(field, readout, make("div", { class: "controls" }, slider.label,
    toggle("raw", "raw"), toggle("smoothed", "smoothed"), toggle("log", "log scale")));
  draw();
  new ResizeObserver(() => {
    if (Math.abs(field.clientWidth - chart.width) > 1 && field.clientWidth >= 300) draw();
  }).observe(field);
}

function sayLoss(line, number, step) {
  const index = nearestIndex(line.steps, step);
  const [low, high] = [line.low[index], line.high[index]];
  const last = line.steps[index];
  const steps = line.every > 1 ? `steps ${(index * line.every + 1).toLocaleString("en")} to ${
    last.toLocaleString("en")}` : `step ${last.toLocaleString("en")}`;
  const raw = low === high ? `loss ${low}` : `loss ${low} to ${high}`;
  return make("span", { class: `series-${number % 6}` },
    `${line.name === "loss" ? "" : `${line.name}, `}${steps}: ${raw}, smoothed ${line.smoothed[index]}`);
}

function nearestIndex(sorted, wanted) {
  let best = 0;
  sorted.forEach((value, index) => {
    if (Math.abs(value - wanted) < Math.abs(sorted[best] - wanted)) best = index;
  });
  return best;
}

function drawCurve(series, shown, width) {
  const { height, left, right, top, bottom } = CURVE;
  const values = series.flatMap((line) => [
    ...(shown.raw ? [...line.low, ...line.high] : []),
    ...(shown.smoothed || !shown.raw ? line.smoothed : []),
  ]).filter((value) => Number.isFinite(value) && (!shown.log || value > 0));
  const scale = (value) => (shown.log ? Math.log10(Math.max(value, least)) : value);
  const least = Math.min(...values);
  const [low, high] = [shown.log ? scale(least) : 0, scale(Math.max(...values))];
  const last = Math.max(...series.map((line) => line.steps.at(-1)));
  const x = (step) => left + ((width - left - right) * step) / last;
  const y = (value) =>
    height - bottom - ((height - top - bottom) * (scale(value) - low)) / (high - low || 1);
  const svg = makeSvg("svg", { width, height, role: "img", viewBox: `0 0 ${width} ${height}`,
    "aria-label": `Training loss over ${last.toLocaleString("en")} steps, ${
      shown.log ? "logarithmic" : "linear"} scale` });
  drawAxes(svg, { x, y, last, width, height, ticks: shown.log
    ? logTicks(least, 10 ** high) : evenTicks(high, 5) });
  series.forEach((line, number) => drawSeries(svg, line, number, shown, x, y));
  const cursor = makeSvg("line", { class: "cursor", y1: top, y2: height - bottom });
  svg.append(cursor);
  return {
    svg,
    width,
    point: (step) => { cursor.setAttribute("x1", x(step)); cursor.setAttribute("x2", x(step)); },
    stepAt: (place) => ((place - left) / (width - left - right)) * last,
  };
}

function drawSeries(svg, line, number, shown, x, y) {
  const path = (of) => of.map((value, index) =>
    `${index ? "L" : "M"}${x(line.steps[index]).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const group = makeSvg("g", { class: `series-${number % 6}` });
  if (shown.raw) {
    const back = line.low.map((value, index) =>
      `L${x(line.steps[index]).toFixed(1)} ${y(value).toFixed(1)}`).reverse().join("");
    group.append(makeSvg("path", { class: "raw", d: `${path(line.high)}${back}Z` }));
  }
  if (shown.smoothed) group.append(makeSvg("path", { class: "smoothed", d: path(line.smoothed) }));
  svg.append(group);
}

function drawAxes(svg, { x, y, last, width, height, ticks }) {
  const { left, right, bottom } = CURVE;
  const text = (words, attributes) => makeSvg("text", attributes, words);
  for (const value of ticks) {
    svg.append(makeSvg("line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      text(String(Number(value.toPrecision(3))), { x: left - 8, y: y(value), class: "y-tick" }));
  }
  for (const step of evenTicks(last, width > 500 ? 6 : 3)) {
    svg.append(text(step.toLocaleString("en"), { x: x(step), y: height - bottom + 18, class: "x-tick" }));
  }
  svg.append(text("training loss", { x: left + 4, y: CURVE.top + 4, class: "name" }));
  svg.append(text("step", { x: (left + width - right) / 2, y: height - 4, class: "x-tick" }));
}

function evenTicks(most, count) {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function logTicks(least, most) {
  const found = [];
  const factors = Math.log10(most / least) > 2 ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power += 1) {
    for (const factor of factors) found.push(factor * 10 ** power);
  }
  return found.filter((value) => value >= least && value <= most);
}
