"""Every kind of page that a report has, in the states that readers bring it to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.claimed_run import FAILED, HELD, OPEN, UNCHECKED, record_claims
from tests.report.made_up_run import EmptyRun, MadeUpRun
from tests.report.playable_run import PlayableRun
from tests.report.trained_run import HOSTILE, TrainedRun
from tests.report.two_runs import record_two_runs
from tests.report.written_run import record_written

LONG_TITLE = "Diffusion models from the noise up, with <angle> brackets: a write-up in two parts"
CAPTION = "Digits drawn by the model from noise alone, one row a class. " * 4
ERROR = f"{'/a/path/without/any/space' * 8}: loss is not finite at step 12"

OWN_CARD = (
    "# A model\n\n| seen | concept | style |\n| --- | --- | --- |\n| as drawn | 98.4 % | 97 % |"
)


def build_every_page(folder: Path) -> None:
    """Reports by folder: in "runs" the pipelines "course", which ran twice, "claimed", "broken",
    whose panel failed, "trained", with models of several kinds, "written", which has a text, and
    "empty"; in "single" the same as one file; in "play" every control."""
    store = Store.open(str(folder / "store"))
    MadeUpRun(
        store,
        pipeline="broken",
        run_id="broken",
        title=LONG_TITLE,
        caption=CAPTION,
        error=ERROR,
        figures=["samples", "broken"],
        statuses={"figure/broken/panel": "failed"},
    ).record()
    EmptyRun(store, pipeline="empty", run_id="empty").record()
    TrainedRun(store, run_id="trained", model_cards={HOSTILE: OWN_CARD}).record()
    record_two_runs(store, LONG_TITLE)
    record_written(store)
    record_claims(
        store,
        "claimed",
        {"one": {"a": HELD, "b": FAILED}, "two": {"a": OPEN, "b": UNCHECKED}},
    )
    build_report(store, folder / "runs")
    build_report(store, folder / "single", single_file=True)
    played = Store.open(str(folder / "played"))
    PlayableRun(played, pipeline="playable").record()
    build_report(played, folder / "play")


# Starts what starts when it comes near, and lays out what is far away as if it were near.
START_EVERYTHING = """() => {
  const next = document.querySelector(
    "noscript.later, figure.panel:not([data-started]), .can-compare:not(:has(.wipe-field))");
  next?.scrollIntoView({ behavior: "instant" });
  return !next;
}"""
AS_IF_NEAR = "section.figure { content-visibility: visible; contain: layout style paint; }"


def start_everything(page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_function(START_EVERYTHING)
    page.add_style_tag(content=AS_IF_NEAR)
    page.evaluate("scrollTo(0, 0)")


def wipe(page) -> None:
    page.get_by_role("radio", name="wipe").first.check()
    page.wait_for_selector(".pair:has(.is-replaced) .slider")


def show_one_at_a_time(page) -> None:
    page.get_by_role("radio", name="one at a time").first.check()
    page.wait_for_selector(".pair-pictures.is-replaced .is-whole")


def open_search(page) -> None:
    page.locator(".search input").fill("digits")
    page.wait_for_selector(".search.is-open li")


def open_dialog(page) -> None:
    page.locator("button.cell").first.click()
    page.wait_for_selector("dialog[open]")


def play(page) -> None:
    page.get_by_role("button", name="Play").first.click()
    page.get_by_role("button", name="Pause").first.wait_for()


def as_it_is(page) -> None:
    """Nothing is done to it."""


STATES: dict[str, tuple[str, Callable]] = {
    "index": ("runs/index.html", as_it_is),
    "figures": ("runs/course.html", play),
    "failed panel": ("runs/broken.html", as_it_is),
    "empty run": ("runs/empty.html", as_it_is),
    "models": ("runs/trained.html", as_it_is),
    "claims": ("runs/claimed.html", as_it_is),
    "text": ("runs/written.html", as_it_is),
    "metrics": ("runs/metrics.html", as_it_is),
    "nodes": ("runs/broken--nodes.html", as_it_is),
    "two runs": ("runs/course--compare.html", as_it_is),
    "two runs, wiped": ("runs/course--compare.html", wipe),
    "two runs, one at a time": ("runs/course--compare.html", show_one_at_a_time),
    "controls": ("play/playable.html", as_it_is),
    "search": ("runs/course.html", open_search),
    "dialog": ("play/playable.html", open_dialog),
    "single file": ("single/index.html", as_it_is),
}
"""The path of each page, and what brings it to its state once everything is started."""


def visit_in_state(browser, folder: Path, state: str, width: int) -> Visit:
    """folder: of build_every_page. width: of the window at first, in pixels."""
    path, prepare = STATES[state]
    visit = Visit(browser, folder / path, width=width)
    start_everything(visit.page)
    prepare(visit.page)
    return visit
