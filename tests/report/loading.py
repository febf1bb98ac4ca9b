"""What opening a page of a report takes: bytes, and seconds on the clock until it answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

MOST_FOLDER = 40_000_000
"""Bytes of the report of a whole gallery."""
MOST_FIRST_VIEW = 1_500_000
"""Bytes of a page and of all that it asks for before the reader scrolls."""
MOST_SECONDS = 1.0
"""On the clock, from the start of the navigation until what a reader does has been painted."""

DESK = {"width": 1440, "height": 900}
ANSWERED = ".search.is-open li"

# The frame after next begins when the one that shows what happened has been made.
PAINTED = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() / 1000))))"""


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def first_view(browser, page: Path) -> dict[str, int]:
    """Size in bytes of each file that the page asks for before the reader scrolls, by name."""
    context = browser.new_context(viewport=DESK)
    opened = context.new_page()
    asked: set[str] = set()
    opened.on("request", lambda request: asked.add(request.url))
    opened.goto(page.as_uri())
    opened.wait_for_load_state("networkidle", timeout=120_000)
    context.close()
    files = {Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")}
    return {file.name: file.stat().st_size for file in files}


def search(opened) -> None:
    """A reader types into the search field as soon as it is there, and sees what is found."""
    opened.wait_for_selector(".search input")
    opened.keyboard.press("/")
    opened.keyboard.type("a")
    opened.wait_for_selector(ANSWERED)


def move_first_slider(opened) -> None:
    """A reader goes to the first figure that has a slider, and moves it to its other end."""
    stage = opened.wait_for_selector("figure.panel .stage", state="attached")
    stage.evaluate("stage => stage.closest('figure').scrollIntoView({ behavior: 'instant' })")
    slider = opened.wait_for_selector(".stage input[type=range]")
    before, key = slider.evaluate(
        "slider => { slider.focus();"
        " return [slider.value, slider.value === slider.min ? 'End' : 'Home']; }"
    )
    opened.keyboard.press(key)
    assert slider.input_value() != before


def sort_by_value(opened) -> None:
    """A reader sorts the table of metrics by its numbers."""
    opened.wait_for_selector(".number button.sort").press("Enter")
    opened.wait_for_selector(".number[aria-sort]")


def seconds_until(act: Callable, browser, page: Path, settle: Callable = lambda opened: None):
    """Seconds from the start of the navigation until what `act` does is painted, in a context of
    its own, so that nothing of the page is in a cache of the browser.

    settle: called with the page afterwards, off the clock.
    """
    context = browser.new_context(viewport=DESK)
    opened = context.new_page()
    opened.goto(page.as_uri(), wait_until="commit")
    act(opened)
    seconds = opened.evaluate(PAINTED)
    settle(opened)
    context.close()
    return seconds
