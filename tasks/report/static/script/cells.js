// The pictures of a sheet one by one: what made each is said on hover and focus; a click enlarges.
function startCells(figure, data, sheet) {
  const { places, facts } = data;
  const media = figure.querySelector(".media");
  const box = figure.querySelector(".sheet-box");
  const tip = make("div", { class: "cell-tip", hidden: true, role: "status" });
  const cursor = make("button", { type: "button", class: "cell" });
  let current = 0;

  const put = (index) => {
    current = index;
    const { left, top, width, height, title } = places[index];
    const share = (length, whole) => `${(100 * length) / whole}%`;
    const [wide, high] = [Number(sheet.getAttribute("width")), Number(sheet.getAttribute("height"))];
    Object.assign(cursor.style, {
      left: share(left, wide), top: share(top, high),
      width: share(width, wide), height: share(height, high),
    });
    const name = title || `picture ${index + 1} of ${places.length}`;
    cursor.setAttribute("aria-label", `Enlarge: ${name}. Arrow keys go to its neighbours.`);
  };
  const tell = () => {
    const place = places[current];
    tip.replaceChildren(describe(place, facts));
    tip.hidden = false;
    const [inside, around] = [cursor.getBoundingClientRect(), media.getBoundingClientRect()];
    const right = Math.max(around.right, around.left + tip.offsetWidth) - tip.offsetWidth;
    tip.style.left = `${Math.min(Math.max(around.left, inside.left), right) + scrollX}px`;
    const [above, below] = [inside.top - tip.offsetHeight - 6, inside.bottom + 6];
    const lowest = innerHeight - tip.offsetHeight;
    // Over a picture that leaves room neither above nor below.
    const top = below <= lowest ? below : above >= 0 ? above : Math.max(0, lowest);
    tip.style.top = `${top + scrollY}px`;
  };
  const hush = () => { tip.hidden = true; };
  // The page, and the frame of a sheet that is wider than the page, follow the keyboard; following
  // the pointer they would take away what it is on.
  const goTo = (index) => {
    put(index);
    cursor.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  };

  box.addEventListener("pointermove", (event) => {
    const area = sheet.getBoundingClientRect();
    const scale = Number(sheet.getAttribute("width")) / area.width;
    const found = placeAt(places, (event.clientX - area.left) * scale,
      (event.clientY - area.top) * scale);
    if (found < 0) {
      hush();
    } else if (found !== current || tip.hidden) {
      put(found);
      tell();
    }
  });
  box.addEventListener("pointerleave", () => { if (document.activeElement !== cursor) hush(); });
  cursor.addEventListener("focus", tell);
  cursor.addEventListener("blur", hush);
  cursor.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hush();
    const next = neighbour(places, current, event);
    if (next < 0) return;
    event.preventDefault();
    goTo(next);
    tell();
  });
  cursor.addEventListener("click", () => {
    hush();
    enlarge(stillOf(sheet), places, facts, current, goTo);
  });
  put(0);
  box.append(cursor);
  // Not inside the figure, whose section cuts off what reaches out of it.
  document.body.append(tip);
}

function describe(place, facts) {
  const list = make("dl", { class: "cell-facts" });
  for (const [name, value] of (place.about ?? []).flatMap((key) => facts[key] ?? [])) {
    list.append(make("dt", {}, name), make("dd", {}, value || "(empty)"));
  }
  const part = document.createDocumentFragment();
  if (place.title) part.append(make("p", {}, place.title));
  part.append(list);
  return part;
}

function placeAt(places, x, y) {
  return places.findIndex(({ left, top, width, height }) =>
    x >= left && x < left + width && y >= top && y < top + height);
}

// The nearest place in the direction of an arrow key; -1 for other keys and at the edge.
function neighbour(places, from, { key, altKey, ctrlKey, metaKey }) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  // With another key held down an arrow is the browser's, such as for the page before.
  if (!way || altKey || ctrlKey || metaKey) return -1;
  const middle = (place) => [place.left + place.width / 2, place.top + place.height / 2];
  const [x, y] = middle(places[from]);
  let best = -1;
  let least = Infinity;
  places.forEach((place, index) => {
    const [toX, toY] = middle(place);
    const along = (toX - x) * way[0] + (toY - y) * way[1];
    const aside = Math.abs((toX - x) * way[1]) + Math.abs((toY - y) * way[0]);
    if (along > 0 && aside <= along && along + 2 * aside < least) {
      least = along + 2 * aside;
      best = index;
    }
  });
  return best;
}
