// One picture of a sheet at a whole multiple of its size, squares staying squares.
const MOST_ENLARGED = 16;
// A canvas larger than browsers and phones can hold stays empty.
const MOST_CANVAS = 8192;
let enlarged = null;

// sheet: its still. onmove: told of each other picture that is gone to.
function enlarge(sheet, places, facts, index, onmove) {
  enlarged ??= new Enlarged();
  enlarged.open(sheet, places, facts, index, onmove);
}

class Enlarged {
  constructor() {
    const button = (text, name, onclick) =>
      make("button", { type: "button", "aria-label": name, onclick }, text);
    this.canvas = make("canvas", { class: "pixels", role: "img" });
    this.said = make("div", { class: "enlarged-facts", "aria-live": "polite" });
    this.size = make("output", {});
    this.field = make("div", { class: "enlarged-field", tabindex: "0", role: "group",
      "aria-label": "Picture" }, this.canvas);
    this.dialog = make("dialog", { class: "enlarged", "aria-label": "Enlarged picture" },
      make("div", { class: "controls" },
        button("\u2190", "Previous picture", () => this.step(-1)),
        button("\u2192", "Next picture", () => this.step(1)),
        button("\u2212", "Smaller", () => this.resize(-1)),
        this.size,
        button("+", "Larger", () => this.resize(1)),
        button("Sheet", "Whole sheet", () => this.showWhole()),
        button("Close", "Close", () => this.dialog.close())),
      make("div", { class: "enlarged-body" }, this.field, this.said));
    this.dialog.addEventListener("keydown", (event) => {
      const next = neighbour(this.places, this.index, event);
      if (next < 0 || (event.target === this.field && this.isScrolling())) return;
      event.preventDefault();
      this.goTo(next);
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    document.body.append(this.dialog);
  }

  open(sheet, places, facts, index, onmove) {
    Object.assign(this, { sheet, places, facts, onmove });
    this.dialog.showModal();
    this.fit(places[index]);
    this.show(index);
  }

  // As large as the window has room for.
  fit(place) {
    this.scale = largestScale(place, innerWidth * 0.85, innerHeight * 0.7);
  }

  isScrolling() {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = this.field;
    return scrollWidth > clientWidth || scrollHeight > clientHeight;
  }

  // Pictures are gone through at the scale that the reader chose, which is not that of the sheet.
  show(index) {
    const place = this.places[index];
    if (this.isWhole) this.fit(place);
    this.isWhole = false;
    this.index = index;
    this.put(place);
  }

  goTo(index) {
    this.onmove(index);
    this.show(index);
  }

  showWhole() {
    const [width, height] = [this.sheet.naturalWidth, this.sheet.naturalHeight];
    const whole = { left: 0, top: 0, width, height, title: this.sheet.alt };
    this.isWhole = true;
    this.fit(whole);
    this.put(whole);
  }

  put(place) {
    this.place = place;
    const most = Math.min(MOST_ENLARGED, largestScale(place, MOST_CANVAS, MOST_CANVAS));
    this.scale = Math.min(most, Math.max(1, this.scale));
    drawCrop(this.canvas, this.sheet, place, this.scale);
    this.canvas.setAttribute("aria-label", place.title || "Picture");
    this.said.replaceChildren(describe(place, this.facts));
    this.size.textContent = `${this.scale} \u00d7`;
  }

  step(by) {
    this.goTo((this.index + by + this.places.length) % this.places.length);
  }

  resize(by) {
    this.scale += by;
    this.put(this.place);
  }
}
