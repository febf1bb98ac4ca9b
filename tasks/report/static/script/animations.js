// Animations: the still is shown until the reader asks for motion, and again when they stop it.
function startAnimation(button) {
  const figure = button.closest("figure");
  const image = figure.querySelector("img.can-play");
  const still = image.src;
  const animation = figure.querySelector("a.animation").href;
  button.hidden = false;
  button.addEventListener("click", () => {
    const isPlaying = button.getAttribute("aria-pressed") === "true";
    image.src = isPlaying ? still : animation;
    button.setAttribute("aria-pressed", String(!isPlaying));
    button.textContent = isPlaying ? "Play" : "Pause";
  });
}
