// Animations: the still is shown until the reader asks for motion, and again when they stop it.
// Whatever is cut out of a picture is cut out of its still: a canvas would get the first frame.
const stills = new WeakMap();

function stillOf(image) {
  return stills.get(image) ?? image;
}

function startAnimation(button) {
  const figure = button.closest("figure");
  const image = figure.querySelector("img.can-play");
  const still = make("img", { src: image.src, alt: image.alt });
  stills.set(image, still);
  const animation = figure.querySelector("a.animation").href;
  button.hidden = false;
  button.addEventListener("click", () => {
    const isPlaying = button.getAttribute("aria-pressed") === "true";
    image.src = isPlaying ? still.src : animation;
    button.setAttribute("aria-pressed", String(!isPlaying));
    button.textContent = isPlaying ? "Play" : "Pause";
  });
}
