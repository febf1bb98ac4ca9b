// Building elements. Text is always text: nothing here takes markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The namespace as the parser knows it, rather than as an address in the page.
const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html")
  .querySelector("svg").namespaceURI;

function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// A slider with its name before it and what it is set to behind.
function makeSlider(name, { min = 0, max, step = 1, value = min, say = String, onchange }) {
  const output = make("output", {}, say(value));
  const input = make("input", { type: "range", min, max, step, value, "aria-label": name });
  const set = (next) => {
    input.value = next;
    const said = say(Number(input.value));
    output.textContent = said;
    input.setAttribute("aria-valuetext", said);
    onchange(Number(input.value));
  };
  input.setAttribute("aria-valuetext", say(value));
  input.addEventListener("input", () => set(input.value));
  const label = make("label", { class: "slider" }, make("span", {}, name), input, output);
  return { label, input, set, get: () => Number(input.value) };
}

function prefersStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
