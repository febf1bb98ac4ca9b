// One picture of a sheet at a whole multiple of its size, squares staying squares.
let enlarged = null;

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
    this.dialog = make("dialog", { class: "enlarged", "aria-label": "Enlarged picture" },
      make("div", { class: "controls" },
        button("\u2190", "Previous picture", () => this.step(-1)),
        button("\u2192", "Next picture", () => this.step(1)),
        button("\u2212", "Smaller", () => this.resize(-1)),
        this.size,
        button("+", "Larger", () => this.resize(1)),
        button("Sheet", "Whole sheet", () => this.showWhole()),
        button("Close", "Close", () => this.dialog.close())),
      make("div", { class: "enlarged-body" },
        make("div", { class: "enlarged-field", tabindex: "0", role: "group",
          "aria-label": "Picture" }, this.canvas),
        this.said));
    this.dialog.addEventListener("keydown", (event) => {
      const next = neighbour(this.places, this.index, event.key);
      if (next < 0) return;
      event.preventDefault();
      this.show(next);
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    document.body.append(this.dialog);
  }

  open(sheet, places, facts, index, onmove) {
    Object.assign(this, { sheet, places, facts, onmove });
    const room = Math.min(innerWidth * 0.85, innerHeight * 0.7);
    this.scale = largestScale(places[index], room);
    this.dialog.showModal();
    this.show(index);
  }

  show(index) {
    this.index = index;
    this.onmove(index);
    this.put(this.places[index]);
  }

  showWhole() {
    const [width, height] = [this.sheet.naturalWidth, this.sheet.naturalHeight];
    this.put({ left: 0, top: 0, width, height, title: this.sheet.alt });
  }

  put(place) {
    this.place = place;
    drawCrop(this.canvas, this.sheet, place, this.scale);
    this.canvas.setAttribute("aria-label", place.title || "Picture");
    this.said.replaceChildren(describe(place, this.facts));
    this.size.textContent = `${this.scale} \u00d7`;
  }

  step(by) {
    this.show((this.index + by + this.places.length) % this.places.length);
  }

  resize(by) {
    this.scale = Math.min(16, Math.max(1, this.scale + by));
    this.put(this.place);
  }
}
