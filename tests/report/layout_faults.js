// What is wrong with the layout of the page as it stands, by kind of fault, a line for each.
() => {
  const width = document.documentElement.clientWidth;
  const style = (element) => getComputedStyle(element);
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const named = (element) => [element.localName, ...element.classList].join(".");

  // Boxes whose contents are wider than they are and that cannot be scrolled. A pixel is rounding.
  const stickingOut = [...document.querySelectorAll("body *")]
    .filter((each) => !each.closest("svg") && each.clientWidth > 0
      && !["auto", "scroll"].includes(style(each).overflowX)
      && each.scrollWidth > each.clientWidth + 1)
    .map((each) => `${named(each)}: ${each.scrollWidth} in ${each.clientWidth}`);

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: parent, data } = walker.currentNode;
    // The skip link stands above the page until it has the focus.
    if (data.trim() && seen(parent) && !parent.closest("option, .skip")) {
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      texts.push({ parent, data: data.trim().slice(0, 40), boxes: [...range.getClientRects()] });
    }
  }

  // Whether a box can be seen whole, where need be by scrolling: what scrolls stands for what is
  // inside it from there on.
  const isWhole = ({ left, right, top, bottom }, element) => {
    const box = { left, right, top, bottom };
    for (let each = element; each; each = each.parentElement) {
      const { overflowX, overflowY, contain } = style(each);
      const outer = each.getBoundingClientRect();
      for (const [overflow, start, end] of [[overflowX, "left", "right"], [overflowY, "top", "bottom"]]) {
        if (["auto", "scroll"].includes(overflow)) {
          const scrolled = start === "left" ? each.scrollLeft : each.scrollTop;
          if (box[start] < outer[start] - scrolled - 1) return false;
          [box[start], box[end]] = [outer[start], outer[end]];
        } else if (overflow !== "visible" || /paint|content|strict/.test(contain)) {
          if (box[start] < outer[start] - 1 || box[end] > outer[end] + 1) return false;
        }
      }
    }
    return box.left >= -1 && box.right <= width + 1;
  };
  const clipped = texts.filter(({ parent, boxes }) => !boxes.every((box) => isWhole(box, parent)))
    .map(({ parent, data }) => `${named(parent)}: ${data}`);

  const overlapping = [];
  for (const holder of document.querySelectorAll(".bar, .controls, .links, .filter, .side")) {
    const controls = [...holder.querySelectorAll("a, button, input, label, select")].filter(seen)
      .map((element) => ({ element, box: element.getBoundingClientRect() }));
    controls.forEach((a, index) => controls.slice(index + 1).forEach((b) => {
      if (a.element.contains(b.element)) return;
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (across > 1 && down > 1) overlapping.push(`${named(a.element)} and ${named(b.element)}`);
    }));
  }

  // WCAG 2, relative luminance and contrast of solid colours.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = style(each).backgroundColor;
      if (channels(colour)[3] !== 0) return luminance(colour);
    }
    return 1;
  };
  const contrast = (element) => {
    const [low, high] = [luminance(style(element).color), ground(element)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = texts.filter(({ parent }) => !parent.closest("svg") && contrast(parent) < 4.5)
    .map(({ parent, data }) => `${named(parent)}: ${data}: ${contrast(parent).toFixed(2)}`);

  return {
    faults: {
      "sideways": document.documentElement.scrollWidth > width
        ? [`${document.documentElement.scrollWidth} in ${width}`] : [],
      "sticking out": stickingOut,
      "clipped": clipped,
      "overlapping": overlapping,
      "faint": faint,
    },
    texts: texts.length,
    ground: luminance(style(document.body).backgroundColor),
  };
}
