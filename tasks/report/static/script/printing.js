// Paper has no button to open details with, and shows every still. A text is read without what lies
// behind it.
function startPrinting() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    fillAll();
    opened = [...document.querySelectorAll("details:not([open])")].filter(
      (details) => !details.matches(".about-run, .prose figure details"),
    );
    for (const details of opened) details.open = true;
    for (const image of document.images) image.loading = "eager";
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}
