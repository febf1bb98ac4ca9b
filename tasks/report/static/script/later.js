// The far part of a long page stands as text in <noscript>, which costs nothing to read. It is made
// into elements when the reader comes near, follows a link into it or prints, and else bit by bit
// whenever there is nothing to do, so that the browser's own search finds all of it.
function fill(section) {
  const text = section.querySelector("noscript.later");
  if (!text) return;
  const holder = make("template");
  holder.innerHTML = text.textContent;
  const added = [...holder.content.children];
  text.replaceWith(holder.content);
  added.forEach(startWithin);
}

// What a script does for an element that comes after the page.
function startWithin(element) {
  const within = (selector) => [
    ...(element.matches(selector) ? [element] : []), ...element.querySelectorAll(selector)];
  for (const figure of within("figure.panel")) panelObserver.observe(figure);
  for (const svg of within(".lineage svg")) startLineage(svg);
  for (const table of within("table.nodes")) startMadeFrom(table);
  return element;
}

const laterObserver = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    laterObserver.unobserve(target);
    fill(target);
  }
}, { rootMargin: "1200px" });

function unfilled() {
  return [...document.querySelectorAll("noscript.later")].map((text) => text.parentElement);
}

function fillAll() {
  unfilled().forEach(fill);
}

// The element of that name, wherever it still stands as text.
function fillTarget(name) {
  if (!name || document.getElementById(name)) return;
  const wanted = ` id="${name}"`;
  const section = unfilled().find((each) =>
    each.querySelector("noscript.later").textContent.includes(wanted));
  if (section) fill(section);
}

// What is shown stays in view while the page grows above it, until the reader does something.
function keepInView(show) {
  const growth = new ResizeObserver(show);
  const acts = ["wheel", "touchmove", "keydown", "pointerdown", "hashchange"];
  const release = () => {
    growth.disconnect();
    for (const act of acts) window.removeEventListener(act, release);
  };
  for (const act of acts) window.addEventListener(act, release, { passive: true });
  show();
  growth.observe(document.body);
}

function startFilling() {
  const waiting = unfilled();
  for (const section of waiting) laterObserver.observe(section);
  const goTo = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    if (!name) return;
    fillTarget(name);
    keepInView(() => document.getElementById(name)?.scrollIntoView({ behavior: "instant" }));
  };
  goTo();
  window.addEventListener("hashchange", goTo);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link) fillTarget(decodeURIComponent(link.getAttribute("href").slice(1)));
  }, { capture: true });
  const fillSome = (deadline) => {
    while (waiting.length && deadline.timeRemaining() > 2) fill(waiting.shift());
    if (waiting.length) requestIdleCallback(fillSome);
  };
  requestIdleCallback(fillSome);
}
