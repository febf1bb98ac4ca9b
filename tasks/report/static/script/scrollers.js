// What scrolls sideways can be scrolled from the keyboard: it takes the focus, unless something
// inside it does.
const scrollerObserver = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const isNeeded = target.scrollWidth > target.clientWidth
      && !target.querySelector("a, button, summary");
    if (isNeeded) {
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      target.setAttribute("aria-label", "Scrolls sideways");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
    }
  }
});

function watchScrollers(figure) {
  for (const each of figure.querySelectorAll(".frame, .scroll:not([tabindex])")) {
    scrollerObserver.observe(each);
  }
}
