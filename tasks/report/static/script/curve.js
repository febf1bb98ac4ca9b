// Losses over steps as a chart to read values from: of this run as lines, reported ones as points.
const CURVE = { height: 380, left: 56, right: 14, top: 12, bottom: 40 };

function startCurve(stage, control) {
  const shown = { raw: true, smoothed: true, reported: control.points.length > 0,
    log: control.log, logSteps: control.log_steps };
  const field = make("div", { class: "curve-field" });
  const readout = make("p", { class: "readout", "aria-live": "polite" });
  const lengths = control.series.map((line) => line.steps.length);
  const longest = control.series[lengths.indexOf(Math.max(...lengths))];
  const stops = [...new Set([longest, ...control.points].flatMap((line) => line.steps))]
    .sort((a, b) => a - b);
  let chart = null;

  const draw = () => {
    const width = Math.max(300, field.clientWidth || 800);
    chart = drawCurve(control, shown, width);
    field.replaceChildren(chart.svg);
    read(slider.get());
  };
  const read = (index) => {
    const step = stops[index];
    chart.point(step);
    readout.replaceChildren(
      ...control.series.map((line, number) => sayLoss(line, number, step)),
      ...(shown.reported ? control.points : []).map((points, number) =>
        sayReported(points, control.series.length + number, step)));
  };
  const slider = makeSlider("Step", {
    max: stops.length - 1,
    value: stops.length - 1,
    say: (index) => stops[index].toLocaleString("en"),
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
    slider.set(nearestIndex(stops, step));
  });
  stage.append(field, readout, make("div", { class: "controls" }, slider.label,
    toggle("raw", "raw"), toggle("smoothed", "smoothed"),
    ...(control.points.length ? [toggle("reported", "reported values")] : []),
    toggle("log", "log scale"), toggle("logSteps", "log steps")));
  if (control.table) stage.append(makePaired(control.table));
  draw();
  new ResizeObserver(() => {
    if (Math.abs(field.clientWidth - chart.width) > 1 && field.clientWidth >= 300) draw();
  }).observe(field);
}

function sayLoss(line, number, step) {
  const index = nearestIndex(line.steps, step);
  const [low, high] = [line.low[index], line.high[index]];
  const last = line.steps[index];
  const first = (line.steps[index - 1] ?? 0) + 1;
  const steps = first < last ? `steps ${first.toLocaleString("en")} to ${
    last.toLocaleString("en")}` : `step ${last.toLocaleString("en")}`;
  const raw = low === high ? `loss ${low}` : `loss ${low} to ${high}`;
  return make("span", { class: `series-${number % 6}` },
    `${line.name === "loss" ? "" : `${line.name}, `}${steps}: ${raw}, smoothed ${line.smoothed[index]}`);
}

function sayReported(points, number, step) {
  const index = nearestIndex(points.steps, step);
  return make("span", { class: `series-${number % 6}` },
    `${points.name}, step ${points.steps[index].toLocaleString("en")}: loss ${points.losses[index]}`);
}

function nearestIndex(sorted, wanted) {
  let best = 0;
  sorted.forEach((value, index) => {
    if (Math.abs(value - wanted) < Math.abs(sorted[best] - wanted)) best = index;
  });
  return best;
}

function drawCurve({ series, points }, shown, width) {
  const { height, left, right, top, bottom } = CURVE;
  const reported = shown.reported ? points : [];
  const values = [...series.flatMap((line) => [
    ...(shown.raw ? [...line.low, ...line.high] : []),
    ...(shown.smoothed || !shown.raw ? line.smoothed : []),
  ]), ...reported.flatMap((each) => each.losses)].filter((value) => Number.isFinite(value) && (!shown.log || value > 0));
  const scale = (value) => (shown.log ? Math.log10(Math.max(value, least)) : value);
  const least = Math.min(...values);
  const [low, high] = [shown.log ? scale(least) : 0, scale(Math.max(...values))];
  const last = Math.max(...[...series, ...reported].map((line) => line.steps.at(-1)));
  const span = width - left - right;
  const x = (step) => left + span * (shown.logSteps
    ? Math.log(step) / (Math.log(last) || 1) : step / last);
  const y = (value) =>
    height - bottom - ((height - top - bottom) * (scale(value) - low)) / (high - low || 1);
  const svg = makeSvg("svg", { width, height, role: "img", viewBox: `0 0 ${width} ${height}`,
    "aria-label": `Training loss over ${last.toLocaleString("en")} steps, ${
      shown.log ? "logarithmic" : "linear"} scale` });
  drawAxes(svg, { x, y, width, height,
    ticks: shown.log ? logTicks(least, 10 ** high) : evenTicks(high, 5),
    stepTicks: shown.logSteps ? logTicks(1, last) : evenTicks(last, width > 500 ? 6 : 3) });
  series.forEach((line, number) => drawSeries(svg, line, number, shown, x, y));
  reported.forEach((each, number) => drawReported(svg, each, series.length + number, x, y));
  const cursor = makeSvg("line", { class: "cursor", y1: top, y2: height - bottom });
  svg.append(cursor);
  return {
    svg,
    width,
    point: (step) => { cursor.setAttribute("x1", x(step)); cursor.setAttribute("x2", x(step)); },
    stepAt: (place) => (shown.logSteps ? last ** ((place - left) / span)
      : ((place - left) / span) * last),
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

function drawReported(svg, points, number, x, y) {
  const group = makeSvg("g", { class: `series-${number % 6}` });
  points.steps.forEach((step, index) => group.append(makeSvg("path", { class: "reported",
    d: `M${x(step).toFixed(1)} ${(y(points.losses[index]) - 4.5).toFixed(1)}l4.5 4.5-4.5 4.5-4.5-4.5Z` })));
  svg.append(group);
}

function drawAxes(svg, { x, y, width, height, ticks, stepTicks }) {
  const { left, right, bottom } = CURVE;
  const text = (words, attributes) => makeSvg("text", attributes, words);
  for (const value of ticks) {
    svg.append(makeSvg("line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      text(String(Number(value.toPrecision(3))), { x: left - 8, y: y(value), class: "y-tick" }));
  }
  for (const step of stepTicks) {
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
