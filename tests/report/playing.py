"""What readers do with the controls of a page: with the keyboard and the mouse."""

from __future__ import annotations

# Those that are near start too, and growing they would move what is pointed at.
NEAR_ONES_HAVE_STARTED = """() =>
  [...document.querySelectorAll("figure.panel:not([data-started])")].every((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return bottom < -590 || top > innerHeight + 590;
  })"""


def panel(visit, name):
    """The figure of that name, with its controls built."""
    figure = visit.page.locator(f"#panel-{name}-panel")
    figure.scroll_into_view_if_needed()
    visit.page.wait_for_selector(f"#panel-{name}-panel[data-started]")
    visit.page.wait_for_function(NEAR_ONES_HAVE_STARTED)
    visit.page.wait_for_function(
        "figure => [...figure.querySelectorAll('img')].every(image => image.complete)",
        arg=figure.element_handle(),
    )
    return figure


def start_every_panel(page) -> None:
    """Panels, and pairs of pictures, start when they come near: here, all of them do."""
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": 12000})
    page.wait_for_function("!document.querySelector('figure.panel:not([data-started])')")
    page.wait_for_function("!document.querySelector('.can-compare:not(:has(.wipe-field))')")
    page.set_viewport_size(size)
    page.evaluate("scrollTo(0, 0)")


def set_slider(within, name: str, value: int) -> None:
    """By the keys that sliders know: to an end, by pages of a tenth, by steps."""
    slider = within.get_by_role("slider", name=name, exact=True)
    last = int(slider.get_attribute("max"))
    page = max(1, round(last / 10))
    if value == last:
        keys = ["End"]
    else:
        keys = ["Home", *["PageUp"] * (value // page), *["ArrowRight"] * (value % page)]
    for key in keys:
        slider.press(key)
    assert slider.input_value() == str(value)


def stop_the_clock(visit):
    """The page's clock, which from now on only runs when told."""
    clock = visit.page.clock
    clock.install(time=0)
    clock.pause_at(1000)
    return clock


def drag(page, locator, *shares: float) -> None:
    """The mouse goes down at the first of these shares of the width and stays so to the last."""
    locator.hover()  # waits until it stands still
    box = locator.bounding_box()
    y = box["y"] + box["height"] / 2
    for number, share in enumerate(shares):
        page.mouse.move(box["x"] + box["width"] * share, y)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
