// A page of a run that goes on. Again and again it loads news.js anew, takes in what has changed, and
// leaves the reader where they are. When there are no news any more, the run has ended: the page is
// loaded once more, finished, and asks for nothing.
const NEWS_SECONDS = 1;
// Of a page that its author waits for.
const PREVIEW_SECONDS = 0.25;
const SECONDS_UNTIL_DOUBT = 60;
const SECONDS_UNTIL_GIVEN_UP = 900;
// Another run of the store may render the report meanwhile, without this one.
const MOST_MISSED = 3;

const pageName = decodeURIComponent(location.pathname.split("/").pop()) || "index.html";
const pageMain = document.querySelector("main");
const newsBox = make("div", { class: "news", role: "status" });
// As it was written: what is compared with what comes, since scripts change what they work on. In a
// document that is not shown, whose pictures nobody asks for.
let written = asWritten(document.implementation.createHTMLDocument().importNode(pageMain, true));
let takenAddress = "";
let lastNews = null;
let heardAt = performance.now();
let isPreview = false;
let asked = 0;
let missed = 0;

window.darkroomUnderWay = Object.freeze({
  news(text) { lastNews = JSON.parse(text); },
  page(name, text) { pageTexts.set(JSON.parse(name), JSON.parse(text)); },
});
const pageTexts = new Map();

// What would be filled in late is there at once, and progress is told apart from the page.
function asWritten(main) {
  for (const late of main.querySelectorAll("noscript.later")) {
    const holder = make("template");
    holder.innerHTML = late.textContent;
    late.replaceWith(...(late.children.length ? late.childNodes : holder.content.childNodes));
  }
  for (const place of main.querySelectorAll("[data-progress]")) place.textContent = "";
  return main;
}

function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = make("script", { src: address });
    script.addEventListener("load", () => { script.remove(); resolve(); });
    script.addEventListener("error", () => { script.remove(); reject(new Error(address)); });
    document.head.append(script);
  });
}

async function askForNews() {
  const before = lastNews?.beat;
  try {
    asked += 1;
    await loadScript(`news.js?${asked}`);
  } catch {
    if (lastNews === null) {
      sayNews("This page was left while its run went on, and the run has ended since. "
        + "Run again, or use regenerate-report.");
      return;
    }
    missed += 1;
    if (!isPreview && missed < MOST_MISSED) {
      setTimeout(askForNews, 1000 * NEWS_SECONDS);
      return;
    }
    if (!isPreview) {
      loadFinished();
      return;
    }
    sayNews("The preview does not answer: darkroom preview has ended.");
    setTimeout(askForNews, 2000 * NEWS_SECONDS);
    return;
  }
  missed = 0;
  isPreview = lastNews.isPreview;
  if (lastNews.beat !== before) heardAt = performance.now();
  const quiet = (performance.now() - heardAt) / 1000;
  sayNews(lastNews.problem || (quiet > SECONDS_UNTIL_DOUBT
    ? "Nothing has been heard of the run for a minute: it may have been ended from outside." : ""));
  try {
    await takeIn(lastNews);
  } catch {
    // Replaced by a newer one in this moment: the next news say where it is.
  }
  sayProgress(lastNews.progress);
  document.documentElement.dataset.beat = lastNews.beat;
  if (isPreview) setTimeout(askForNews, 1000 * PREVIEW_SECONDS);
  else if (quiet < SECONDS_UNTIL_GIVEN_UP) setTimeout(askForNews, 1000 * NEWS_SECONDS);
}

function sayNews(text) {
  if (newsBox.textContent !== text) newsBox.textContent = text;
}

function sayProgress(progress) {
  for (const place of pageMain.querySelectorAll("[data-progress]")) {
    const words = progress[place.dataset.progress] ?? "";
    if (place.textContent !== words) place.textContent = words;
  }
}

async function takeIn({ pages }) {
  const address = pages[pageName];
  if (!address || address === takenAddress) return;
  await loadScript(address);
  const [text] = pageTexts.values();
  pageTexts.clear();
  const holder = make("template");
  holder.innerHTML = text;
  const fresh = asWritten(holder.content.querySelector("main"));
  takenAddress = address;
  if (!fresh.isEqualNode(written)) {
    fillAll();
    keepingPlace(() => {
      if (!mergeInto(pageMain, written, fresh)) pageMain.replaceChildren(...copies(fresh.children));
    });
    written = fresh;
  }
  for (const selector of ["#search-entries", "header.bar nav"]) {
    const now = document.querySelector(selector);
    const then = holder.content.querySelector(selector);
    if (now && then && !now.isEqualNode(then)) now.replaceWith(document.importNode(then, true));
  }
  document.dispatchEvent(new Event("darkroom-renewed"));
}

function copies(elements) {
  return [...elements].map((element) => startWithin(document.importNode(element, true)));
}

// Makes `here`, which was written as `was`, what is written as `fresh`. False where that takes a new
// element: a picture that has come, a text that differs, or what a script has rebuilt.
function mergeInto(here, was, fresh) {
  if (was.isEqualNode(fresh)) return true;
  if (![here, was, fresh].every((each) => each.children.length && !hasOwnText(each))) return false;
  if (here.tagName !== fresh.tagName || was.tagName !== fresh.tagName) return false;
  if (here.matches("table, svg, details, .media")) return false;
  const mine = [...here.children];
  const olds = [...was.children];
  if (mine.length !== olds.length || mine.some((each, n) => each.tagName !== olds[n].tagName)) {
    return false;
  }
  const media = (element) => element.querySelector(":scope > .media");
  if (here.matches("figure") && !media(was)?.isEqualNode(media(fresh))) return false;
  for (const { name } of [...was.attributes, ...fresh.attributes]) {
    const value = fresh.getAttribute(name);
    if (value === was.getAttribute(name)) continue;
    if (value === null) here.removeAttribute(name);
    else here.setAttribute(name, value);
  }
  const pairs = pairUp(olds, [...fresh.children]);
  const next = [...fresh.children].map((child) => {
    const n = pairs.get(child);
    if (n === undefined) return copies([child])[0];
    if (mergeInto(mine[n], olds[n], child)) return mine[n];
    const copy = document.importNode(child, true);
    openAlike(mine[n], copy);
    return startWithin(copy);
  });
  for (const child of mine) if (!next.includes(child)) child.remove();
  let cursor = here.firstElementChild;
  for (const child of next) {
    if (child === cursor) cursor = cursor.nextElementSibling;
    else here.insertBefore(child, cursor);
  }
  return true;
}

function hasOwnText(element) {
  return [...element.childNodes].some((node) =>
    node.nodeType === Node.TEXT_NODE && node.textContent.trim());
}

// Fresh child to the number of the old one that it takes the place of: those alike from the front
// and the back, then those of one name in order.
function pairUp(olds, news) {
  const pairs = new Map();
  let first = 0;
  const most = Math.min(olds.length, news.length);
  while (first < most && olds[first].isEqualNode(news[first])) {
    pairs.set(news[first], first);
    first += 1;
  }
  let last = 0;
  while (last < most - first
    && olds[olds.length - 1 - last].isEqualNode(news[news.length - 1 - last])) {
    pairs.set(news[news.length - 1 - last], olds.length - 1 - last);
    last += 1;
  }
  const waiting = new Map();
  for (let n = first; n < olds.length - last; n += 1) {
    const name = nameOf(olds[n]);
    waiting.set(name, [...(waiting.get(name) ?? []), n]);
  }
  for (const child of news.slice(first, news.length - last)) {
    const n = waiting.get(nameOf(child))?.shift();
    if (n !== undefined) pairs.set(child, n);
  }
  return pairs;
}

function nameOf(element) {
  return element.id || element.getAttribute("aria-labelledby")
    || `${element.tagName} ${element.className}`;
}

function openAlike(from, to) {
  const before = [...from.querySelectorAll("details")];
  const words = (details) => details.querySelector("summary")?.textContent;
  for (const details of to.querySelectorAll("details")) {
    const like = before.findIndex((each) => words(each) === words(details));
    if (like >= 0) details.open = before.splice(like, 1)[0].open;
  }
}

// The reader sees the same at the same height, and what has the focus keeps it.
function keepingPlace(change) {
  const root = document.documentElement;
  const focused = document.activeElement;
  const focusPlace = placeOfElement(focused);
  const marks = seenMarks();
  root.style.overflowAnchor = "none";
  change();
  settle(marks);
  if (focusPlace && document.activeElement !== focused) {
    const heir = focused.isConnected ? focused : elementAt(focusPlace);
    heir?.focus({ preventScroll: true });
  }
  const height = window.scrollY;
  requestAnimationFrame(() => {
    if (window.scrollY === height) settle(marks);
    requestAnimationFrame(() => { root.style.overflowAnchor = ""; });
  });
}

document.body.append(newsBox);
askForNews();
