"""A run of which something is missing, nothing is there, or very much is, is shown as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.claimed_run import HELD, record_claims
from tests.report.every_page import start_everything
from tests.report.made_up_run import EmptyRun, MadeUpRun, key_of
from tests.report.many_figures import FIGURES, ManyFigures
from tests.report.playable_run import PlayableRun
from tests.report.two_runs import record_two_runs

pytestmark = pytest.mark.browser

OF_NODES = {"Lineage", "Nodes"}
PICTURE_GONE = "The picture is missing from the store or damaged"
ROW_GONE = "Nothing is recorded in the store for this panel."


def delete_object(store: Store, key: str, name: str) -> None:
    """Its file, behind the manifest's back."""
    Path(store.object_address(store.find(key).objects[name])).unlink()


def empty(store: Store) -> None:
    EmptyRun(store).record()


def picture_gone(store: Store) -> None:
    delete_object(store, MadeUpRun(store).record().panel_key("samples"), "image.png")


def all_pictures_gone(store: Store) -> None:
    run = MadeUpRun(store).record()
    for figure in run.figures:
        delete_object(store, run.panel_key(figure), "image.png")


def all_but_the_still_gone(store: Store) -> None:
    run = MadeUpRun(store).record()
    for figure, name in (
        ("samples", "animation.webp"),
        ("loss", "image-dark.png"),
        ("loss", "data.csv"),
    ):
        delete_object(store, run.panel_key(figure), name)


def row_gone(store: Store) -> None:
    store.remove(MadeUpRun(store).record().panel_key("loss"))


def every_row_gone(store: Store) -> None:
    run = MadeUpRun(store).record()
    for name, _ in run._plan():
        store.remove(key_of(name))


def node_failed(store: Store) -> None:
    below = ("sample/m/epoch-010", "evaluate/m/epoch-010", "figure/loss/panel")
    skipped = dict.fromkeys((*below, "figure/samples/panel"), "skipped")
    MadeUpRun(store, statuses={"train/m": "failed", **skipped}).record()


def made_by_nobody(store: Store) -> None:
    """Every control, and the rows of what the pictures were made from are gone."""
    run = PlayableRun(store)
    run.record()
    for name, _ in run._plan():
        if not name.startswith("figure/"):
            store.remove(key_of(name))


def control_data_gone(store: Store) -> None:
    run = PlayableRun(store)
    run.record()
    delete_object(store, run.panel_key("turn-flip"), "motion.json")
    delete_object(store, run.panel_key("loss"), "data.csv")


def measurements_gone(store: Store) -> None:
    record_claims(store, "course", {"one": {"a": HELD}})
    delete_object(store, key_of("claim/one/a"), "measured.parquet")


RUNS = {
    empty: ("This run has no figures.", "Nothing has been measured yet."),
    picture_gone: (PICTURE_GONE, "Run the pipeline again to make it."),
    all_pictures_gone: (PICTURE_GONE,),
    all_but_the_still_gone: ("Digits drawn by the model.",),
    row_gone: (ROW_GONE, "Run the pipeline again to make it."),
    every_row_gone: (ROW_GONE,),
    node_failed: (
        "1 of 6 nodes failed.",
        "This panel was not drawn: train/m failed.",
        "loss is not finite at step 12",
    ),
    made_by_nobody: ("Digits drawn by the model.",),
    control_data_gone: ("Digits drawn by the model.",),
    measurements_gone: ("The error falls from 0.02 to 0.01",),
}
"""What records each run, and what its page says."""


def pages_of(store: Store, tmp_path: Path, single_file: bool) -> list[Path]:
    """The page that shows the run comes first."""
    index = build_report(store, tmp_path / "out", single_file=single_file)
    pages = sorted(index.parent.glob("*.html"), key=lambda path: path.stem != "course")
    return [index] if single_file else pages


def unbroken(visit: Visit, path: Path) -> None:
    assert visit.complaints == [], path.name
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)
    assert visit.page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


CONTENTS_LEAD_TO_HEADINGS = """[...document.querySelectorAll(".contents a")].every(
  (link) => document.getElementById(link.hash.slice(1)).localName === "h2")"""


def headings(visit: Visit) -> set[str]:
    words = "[...document.querySelectorAll('h2')].map(each => each.lastChild.textContent.trim())"
    return set(visit.page.evaluate(words))


@pytest.mark.parametrize("single_file", [False, True])
@pytest.mark.parametrize("record", RUNS, ids=lambda record: record.__name__)
def test_run_is_shown_with_what_is_missing_named(browser, store, tmp_path, record, single_file):
    record(store)
    first, *others = pages_of(store, tmp_path, single_file)
    visit = Visit(browser, first)
    start_everything(visit.page)
    unbroken(visit, first)
    for said in RUNS[record]:
        assert said in visit.page.locator("main").inner_text()
    expected = {"All metrics"} if record is empty else {"All metrics", *OF_NODES}
    assert headings(visit) & {"All metrics", *OF_NODES} == expected
    assert visit.page.evaluate(CONTENTS_LEAD_TO_HEADINGS)
    for path in others:
        visit = Visit(browser, path)
        start_everything(visit.page)
        unbroken(visit, path)
        assert visit.page.locator("h1").inner_text()


def test_panel_without_its_animation_shows_the_still_and_no_button(browser, store, tmp_path):
    all_but_the_still_gone(store)
    page = Visit(browser, pages_of(store, tmp_path, single_file=False)[0]).page
    assert page.locator(".frame img").count() == 2
    assert page.get_by_role("button", name="Play").count() == 0


@pytest.mark.parametrize("gone", ["", "new "])
def test_pair_of_which_one_picture_is_gone_names_the_run(browser, store, tmp_path, gone):
    record_two_runs(store)
    delete_object(store, key_of(f"{gone}figure/samples/panel"), "image.png")
    index = build_report(store, tmp_path / "out")
    path = index.with_name("course--compare.html")
    visit = Visit(browser, path)
    unbroken(visit, path)
    assert f"The picture of run {'B' if gone else 'A'} is missing" in visit.page.inner_text("main")
    assert visit.page.get_by_role("radio").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("single_file", [False, True])
def test_two_thousand_figures_are_all_there(browser, store, tmp_path, single_file):
    ManyFigures(store).record()
    first, *_ = pages_of(store, tmp_path, single_file)
    visit = Visit(browser, first)
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    visit.page.wait_for_function("[...document.images].every(image => image.complete)")
    unbroken(visit, first)
    assert visit.page.locator("figure.panel img").count() == FIGURES
    assert headings(visit) >= {"All metrics", *OF_NODES} | {
        f"Figure figure-{i}" for i in range(FIGURES)
    }
