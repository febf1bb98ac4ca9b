"""A page of a run that goes on, in a real Chromium: it takes in what is new, and loses nothing that
the reader has done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.serve.report_server import report_server
from tasks.report.build import build_report
from tasks.report.run_record import read_layout
from tasks.report.under_way import NEWS, RUN, RunUnderWay, news_script
from tasks.store.store import Store
from tests.report.made_up_run import files_of
from tests.report.playable_run import PlayableRun
from tests.report.playing import panel, set_slider

pytestmark = pytest.mark.browser

LATE = ("turn-flip", "turn-skew", "steps")
PROGRESS = "trajectory/free 40 %; 2 more steps; about 3 min left"


FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
STANDS_AT = """([selector, top]) =>
  Math.abs(document.querySelector(selector).getBoundingClientRect().top - top) < 2"""


class Growing:
    """A report of a run of which more and more is made."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(str(folder / "store"))
        self.out = folder / "out"
        self.beat = 0
        self.caption = "Digits drawn by the model."

    @property
    def page(self) -> Path:
        return self.out / "course.html"

    def write(self, *waiting: str, failed: tuple[str, ...] = (), progress: str = PROGRESS) -> int:
        """The pages, with these figures still to come; returns the beat that tells of them."""
        names = [f"figure/{name}/panel" for name in waiting]
        statuses = dict.fromkeys(names, "waiting")
        statuses |= {f"figure/{name}/panel": "failed" for name in failed}
        PlayableRun(self.store, statuses=statuses, caption=self.caption).record()
        row = next(row for row in self.store.rows().values() if row.kind == "run")
        layout = json.loads(self.store.read_object(row.objects["layout.json"]))
        told = {**dict.fromkeys(names, progress), RUN: "3 of 8 steps done"}
        self.beat += 1
        build_report(
            self.store,
            self.out,
            under_way=RunUnderWay(
                read_layout(layout),
                told,
                lambda scripts: news_script(self.beat, scripts, told),
            ),
        )
        return self.beat

    def finish(self) -> None:
        PlayableRun(self.store, caption=self.caption).record()
        build_report(self.store, self.out)


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    growing = Growing(tmp_path)
    growing.write(*LATE)
    return growing


@pytest.fixture(params=["from disk", "served"])
def address(request: pytest.FixtureRequest, growing: Growing) -> Iterator[str]:
    if request.param == "from disk":
        yield growing.page.as_uri()
        return
    with report_server(growing.out, 0) as url:
        yield f"{url}/course.html"


@pytest.fixture
def opened(browser, address):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    heard(page, 1)
    yield page
    assert page.complaints == []


def heard(page, beat: int) -> None:
    """Until the page has taken in what this beat tells of."""
    page.wait_for_function(
        "beat => Number(document.documentElement.dataset.beat) >= beat", arg=beat
    )


def finished(page) -> None:
    page.wait_for_function("!window.darkroomUnderWay && document.readyState === 'complete'")


def top_of(page, selector: str) -> float:
    return page.locator(selector).evaluate("each => each.getBoundingClientRect().top")


class Visit:
    def __init__(self, page) -> None:
        self.page = page


def test_what_is_still_to_come_has_its_place_and_says_how_far_it_is(opened, growing):
    place = opened.get_by_role("group", name="Still to come: A panel").first
    assert PROGRESS in place.text_content()
    assert "3 of 8 steps done" in opened.locator("header.head").inner_text()
    heard(opened, growing.write(*LATE, progress="trajectory/free 80 %"))
    assert "80 %" in place.text_content()


def test_pictures_far_down_are_not_asked_for(browser, address):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    heard(page, 1)
    page.wait_for_load_state("networkidle")
    far = page.evaluate(
        "[...document.images].filter(each => each.getBoundingClientRect().top > 5000)"
        ".map(each => each.src)"
    )
    assert far and not set(asked) & set(far)


def test_page_without_script_says_the_same(browser, growing):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(growing.page.as_uri())
    assert page.get_by_text(PROGRESS).count() == len(LATE)
    assert page.locator("#panel-edits-panel img").count() == 1
    context.close()


def test_figure_that_comes_takes_its_place_and_can_be_played_with(opened, growing):
    assert opened.locator("#panel-steps-panel img").count() == 0
    heard(opened, growing.write("turn-flip"))
    figure = panel(Visit(opened), "steps")
    figure.get_by_role("slider").first.press("Home")
    assert opened.get_by_role("group", name="Still to come").count() == 1


def test_failed_figure_says_why(opened, growing):
    heard(opened, growing.write("turn-flip", failed=("steps",)))
    assert "loss is not finite" in opened.locator("#panel-steps-panel").text_content()


def test_reader_keeps_place_focus_sliders_and_what_is_open(opened, growing):
    figure = panel(Visit(opened), "edits")
    set_slider(figure, "Wipe", 20)
    late = opened.locator("#panel-steps-panel")
    details = [figure.locator("details"), late.locator("details")]
    for each in details:
        each.evaluate("each => { each.open = true; }")
    figure.evaluate("each => each.scrollIntoView({ block: 'start', behavior: 'instant' })")
    opened.evaluate(FRAMES)
    slider = figure.get_by_role("slider", name="Wipe")
    slider.evaluate("each => each.focus({ preventScroll: true })")
    marked = slider.evaluate("each => { each.dataset.marked = 'yes'; }")
    before = top_of(opened, "#panel-edits-panel")
    height = opened.evaluate("document.documentElement.scrollHeight")

    # What comes stands above and below what is seen.
    heard(opened, growing.write())
    opened.evaluate(FRAMES)
    assert opened.locator("#panel-turn-flip-panel img").count()
    assert opened.evaluate("document.documentElement.scrollHeight") != height
    assert abs(top_of(opened, "#panel-edits-panel") - before) < 2
    assert (slider.input_value(), slider.get_attribute("data-marked")) == ("20", "yes")
    assert opened.evaluate("document.activeElement.dataset.marked") == "yes"
    assert [each.evaluate("each => each.open") for each in details] == [True, True], marked


def test_changed_sentence_comes_and_the_picture_beside_it_stays(opened, growing):
    figure = panel(Visit(opened), "edits")
    set_slider(figure, "Wipe", 20)
    growing.caption = "Another sentence."
    heard(opened, growing.write(*LATE))
    assert "Another sentence." in figure.text_content()
    assert figure.get_by_role("slider", name="Wipe").input_value() == "20"


def test_when_the_run_has_ended_the_page_is_the_finished_one_and_asks_nothing(opened, growing):
    figure = panel(Visit(opened), "edits")
    set_slider(figure, "Wipe", 20)
    figure.locator("details").evaluate("each => { each.open = true; }")
    figure.evaluate("each => each.scrollIntoView({ block: 'start', behavior: 'instant' })")
    opened.evaluate(FRAMES)
    figure.get_by_role("slider", name="Wipe").evaluate("each => each.focus({preventScroll: true})")
    before = top_of(opened, "#panel-edits-panel")
    growing.finish()
    finished(opened)
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.wait_for_selector("#panel-edits-panel[data-started]")
    opened.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Wipe'")
    opened.wait_for_function(STANDS_AT, arg=["#panel-edits-panel", before])
    assert figure.get_by_role("slider", name="Wipe").input_value() == "20"
    assert figure.locator("details").evaluate("each => each.open")
    assert not [url for url in asked if NEWS in url]


def test_first_page_takes_in_what_is_new(browser, growing):
    page = browser.new_page()
    page.goto(growing.page.with_name("index.html").as_uri())
    heard(page, 1)
    assert f"{len(LATE)} waiting" in page.locator(".card").inner_text()
    heard(page, growing.write("steps"))
    assert "1 waiting" in page.locator(".card").inner_text()


def test_finished_report_is_the_one_that_never_grew(growing, tmp_path):
    growing.finish()
    build_report(growing.store, tmp_path / "alone")
    assert files_of(growing.out) == files_of(tmp_path / "alone")
    texts = b"".join(files_of(growing.out).values())
    assert b"darkroomUnderWay" not in texts and NEWS.encode() not in texts


def test_page_left_by_a_killed_run_asks_once_and_says_so(browser, growing):
    (growing.out / NEWS).unlink()
    page = browser.new_page()
    page.goto(growing.page.as_uri())
    page.get_by_text("the run has ended since").wait_for()
    assert (
        page.evaluate(
            "performance.getEntriesByType('resource')"
            ".filter(each => each.name.includes('news')).length"
        )
        <= 1
    )
