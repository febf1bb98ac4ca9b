"""Everything that can be used at all can be used from the keyboard."""

from __future__ import annotations

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.claimed_run import FAILED, HELD, record_claims
from tests.report.playing import panel, start_every_panel
from tests.report.two_runs import record_two_runs

pytestmark = pytest.mark.browser

# What can take the focus, in the order of the page: of radio buttons of one name only the chosen.
STOPS = """() => {
  const controls = "a[href], button, input, select, textarea, summary";
  const modal = document.querySelector("dialog[open]");
  const all = (modal ?? document).querySelectorAll(`${controls}, [tabindex]`);
  window.stops = [...all].filter((each) => (each.matches(controls) || each.tabIndex >= 0)
    && each.checkVisibility({ visibilityProperty: true })
    && (each.type !== "radio" || each.checked));
  return window.stops.map((each) => each.outerHTML.slice(0, 100));
}"""

# Which of the stops has the focus, -1 if the page itself has it, else what has it; and what is
# wrong with how it is seen.
FOCUS = """() => {
  const active = document.activeElement;
  if (active === document.body) return { stop: -1, fault: "" };
  const { outlineStyle, outlineWidth } = getComputedStyle(active);
  const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  const { left, top, right, bottom, height } = active.getBoundingClientRect();
  // The bar stays above all but itself. Of what is tall a part is enough.
  const bar = document.querySelector(".bar");
  const first = active.closest(".bar, .skip, dialog") ? 0 : bar.offsetHeight;
  const isInView = right > 0 && left < innerWidth && bottom > first && top < innerHeight
    && (height > innerHeight / 2 || (top >= first - 1 && bottom <= innerHeight + 1));
  const found = window.stops.indexOf(active);
  return {
    stop: found < 0 ? active.outerHTML.slice(0, 100) : found,
    fault: (isOutlined ? "" : "no outline") + (isInView ? "" : "out of view"),
  };
}"""

# Where the focus is each time Tab is about to take it further.
WATCH = f"""() => {{
  window.focusNow = {FOCUS};
  window.seen = [];
  window.onkeydown = ({{ key }}) => {{ if (key === "Tab") window.seen.push(window.focusNow()); }};
}}"""

PAGES = {
    "index": "runs/index.html",
    "figures": "runs/course.html",
    "claims": "runs/claimed.html",
    "nodes": "runs/course--nodes.html",
    "metrics": "runs/metrics.html",
    "two runs": "runs/course--compare.html",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, playable_page):
    """Paths by name."""
    folder = tmp_path_factory.mktemp("typed")
    store = Store.open(str(folder / "store"))
    record_two_runs(store)
    record_claims(store, "claimed", {"one": {"a": HELD, "b": FAILED}})
    build_report(store, folder / "runs")
    return {"controls": playable_page, **{name: folder / path for name, path in PAGES.items()}}


def go_through(page, key: str, count: int) -> list:
    """The stops that `count` presses of a key lead to; each is outlined and in view."""
    page.evaluate(WATCH)
    for _ in range(count):
        page.keyboard.press(key)
    seen = page.evaluate("[...window.seen.slice(1), window.focusNow()]")
    assert [focus for focus in seen if focus["fault"]] == []
    return [focus["stop"] for focus in seen]


@pytest.mark.parametrize(
    ("name", "width"), [("controls", 360), ("controls", 1440), *((name, 1440) for name in PAGES)]
)
def test_tab_leads_to_everything_in_the_order_of_the_page_and_back(browser, pages, name, width):
    page = Visit(browser, pages[name], width=width, until="load").page
    start_every_panel(page)
    if width == 1440:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.wait_for_function("!document.querySelector('details[data-rows]:not(:has(ul))')")
    stops = page.evaluate(STOPS)
    order = list(range(len(stops)))
    assert len(stops) > 3
    assert go_through(page, "Tab", len(stops)) == order
    assert go_through(page, "Shift+Tab", len(stops) - 1) == order[-2::-1]


def test_the_first_link_skips_to_the_content(browser, pages):
    page = Visit(browser, pages["figures"], until="load").page
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("link => link === document.activeElement")
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    in_main = "[...document.querySelectorAll('main a, main button, main summary')]"
    assert page.evaluate(f"document.activeElement === {in_main}[0]")


def test_enter_and_space_press_every_button(visit):
    page = visit.page
    start_every_panel(page)
    # Counted on the way down, and kept from doing anything.
    page.evaluate(
        """() => {
          window.pressed = new Map();
          addEventListener("click", (event) => {
            window.pressed.set(event.target, (window.pressed.get(event.target) ?? 0) + 1);
            event.stopPropagation();
            event.preventDefault();
          }, { capture: true });
        }"""
    )
    buttons = page.locator("button:visible").all()
    assert len(buttons) > 10
    for button in buttons:
        button.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        assert button.evaluate("button => window.pressed.get(button)") == 2


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_details_open_and_close_from_the_keyboard(visit, key):
    figure = panel(visit, "texts")
    summary = figure.locator("summary")
    summary.focus()
    for is_open in (True, False):
        visit.page.keyboard.press(key)
        assert figure.locator("details .provenance").is_visible() == is_open


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_dialog_keeps_the_focus_and_gives_it_back(visit, key):
    page = visit.page
    cell = panel(visit, "texts").locator("button.cell")
    cell.focus()
    page.keyboard.press(key)
    stops = page.evaluate(STOPS)
    names = [page.evaluate("index => window.stops[index].ariaLabel", i) for i in range(len(stops))]
    assert names == [
        *("Previous picture", "Next picture", "Smaller", "Larger", "Whole sheet", "Close"),
        "Picture",
    ]
    assert page.evaluate(FOCUS) == {"stop": 0, "fault": ""}
    order = list(range(len(stops)))
    assert go_through(page, "Tab", len(stops) - 1) == order[1:]
    # Past the last one is the browser's own bar, of which there is none here.
    around = go_through(page, "Tab", 2 * len(stops) + 2)
    assert set(around) == {-1, *order}
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert cell.evaluate("cell => cell === document.activeElement")
