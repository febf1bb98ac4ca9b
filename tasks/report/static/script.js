"use strict";

// Animations: the still is shown until the reader asks for motion, and again when they stop it.
for (const button of document.querySelectorAll("button.play")) {
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

// Paper has no button to open details with.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
