// Paper has no button to open details with, and shows every still.
function startPrinting() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    fillAll();
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
    for (const image of document.images) image.loading = "eager";
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}
