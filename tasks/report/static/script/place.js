// Where the reader is: what they see, what has the focus, what they have opened and set. A page that
// is loaded again because its run has ended begins there.
const PLACE = "darkroom-place";

// What can be found again: the nearest element with a name, and which of its kind within.
function placeOfElement(element) {
  const holder = element?.closest("main [id]");
  if (!holder) return null;
  const alike = [...holder.querySelectorAll(element.tagName)];
  return { id: holder.id, tag: element.tagName, number: alike.indexOf(element) };
}

function elementAt({ id, tag, number }) {
  const holder = document.getElementById(id);
  return number < 0 ? holder : holder?.querySelectorAll(tag)[number] ?? null;
}

// What stands at the top of what is seen, from the innermost element outwards.
function seenMarks() {
  if (window.scrollY < 1) return [];
  const below = document.querySelector("header.bar")?.getBoundingClientRect().bottom ?? 0;
  const main = document.querySelector("main");
  for (let y = below + 8; y < window.innerHeight; y += 24) {
    let element = document.elementFromPoint(window.innerWidth / 2, y);
    if (!element || element === main || !main.contains(element)) continue;
    const marks = [];
    for (; element && element !== main; element = element.parentElement) {
      marks.push({ element, id: element.id, top: element.getBoundingClientRect().top });
    }
    return marks;
  }
  return [];
}

function loadFinished() {
  const open = [...document.querySelectorAll("main details[open]")].map(placeOfElement);
  const sliders = [...document.querySelectorAll("main input[type=range]")]
    .map((input) => ({ place: placeOfElement(input), value: input.value }));
  const place = {
    path: location.pathname,
    seen: seenMarks().filter(({ id }) => id).map(({ id, top }) => ({ id, top })),
    focus: placeOfElement(document.activeElement),
    open: open.filter(Boolean),
    sliders: sliders.filter((each) => each.place),
  };
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(place));
  } catch {
    // Forbidden to pages from disk in some browsers, which then keep to the height alone.
  }
  history.scrollRestoration = "manual";
  location.reload();
}

function leftPlace() {
  try {
    const text = sessionStorage.getItem(PLACE);
    sessionStorage.removeItem(PLACE);
    const place = text && JSON.parse(text);
    return place?.path === location.pathname ? place : null;
  } catch {
    return null;
  }
}

function whenStarted(figure, act) {
  startPanel(figure);
  if (figure.dataset.started) {
    act();
    return;
  }
  new MutationObserver((changes, observer) => {
    observer.disconnect();
    act();
  }).observe(figure, { attributes: true, attributeFilter: ["data-started"] });
}

function returnToPlace() {
  const place = leftPlace();
  history.scrollRestoration = "auto";
  if (!place) return;
  fillAll();
  for (const each of place.open) elementAt(each)?.setAttribute("open", "");
  for (const { place: where, value } of place.sliders) {
    const figure = document.getElementById(where.id)?.closest("figure.panel");
    if (figure) whenStarted(figure, () => setSlider(elementAt(where), value));
  }
  const focus = place.focus && elementAt(place.focus);
  const figure = focus ? null : document.getElementById(place.focus?.id)?.closest("figure.panel");
  focus?.focus({ preventScroll: true });
  if (figure) {
    whenStarted(figure, () => elementAt(place.focus)?.focus({ preventScroll: true }));
  }
  const marks = place.seen.map(({ id, top }) => ({ element: document.getElementById(id), id, top }))
    .filter(({ element }) => element);
  keepInView(() => settle(marks));
}

function setSlider(input, value) {
  if (!input || input.value === value) return;
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function settle(marks) {
  for (const { element, id, top } of marks) {
    const now = element.isConnected ? element : id && document.getElementById(id);
    if (!now) continue;
    const moved = now.getBoundingClientRect().top - top;
    if (Math.abs(moved) >= 1) window.scrollBy({ top: moved, behavior: "instant" });
    return;
  }
}
