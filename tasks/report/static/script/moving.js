// Something that goes from 0 to 1 when asked, can be stopped on the way, and goes back the next
// time. Readers who prefer less motion get from end to end at once.
class Moving {
  constructor(seconds, show) {
    Object.assign(this, { seconds, show, progress: 0, frame: 0, target: 0 });
  }

  get isMoving() {
    return this.frame !== 0;
  }

  set(progress) {
    this.stop();
    this.progress = progress;
    this.show(progress);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  goTo(target) {
    this.stop();
    if (prefersStill()) {
      this.set(target);
      return;
    }
    const from = this.progress;
    const began = performance.now();
    const tick = (now) => {
      const share = Math.min(1, Math.max(0, (now - began) / (1000 * this.seconds)));
      const eased = 0.5 - 0.5 * Math.cos(Math.PI * share);
      this.progress = from + (target - from) * eased;
      this.frame = share < 1 ? requestAnimationFrame(tick) : 0;
      this.show(this.progress);
    };
    this.frame = requestAnimationFrame(tick);
  }
}

// A slider over the way, and a button that goes to the other end, or stops.
function makeMovingControls(name, words, seconds, show) {
  const moving = new Moving(seconds, (progress) => {
    slider.input.value = Math.round(progress * 100);
    slider.input.setAttribute("aria-valuetext", said(progress));
    slider.label.querySelector("output").textContent = said(progress);
    const isNear = progress < 0.5;
    if (!moving.isMoving) button.textContent = isNear ? words[1].ask : words[0].ask;
    button.classList.toggle("is-moving", moving.isMoving);
    show(progress);
  });
  const said = (progress) => (progress <= 0 ? words[0].word : progress >= 1 ? words[1].word
    : `${Math.round(progress * 100)} %`);
  const slider = makeSlider(name, {
    max: 100,
    say: (value) => said(value / 100),
    onchange: (value) => moving.set(value / 100),
  });
  const button = make("button", { type: "button", class: "go", onclick: () => {
    if (moving.isMoving) {
      moving.set(moving.progress);
      return;
    }
    moving.goTo(moving.progress < 0.5 ? 1 : 0);
    if (moving.isMoving) button.textContent = "Pause";
  } }, words[1].ask);
  return { moving, row: make("div", { class: "controls" }, button, slider.label) };
}
