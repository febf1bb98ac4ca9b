"""A page that follows what its author writes, in a real Chromium."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from flows.cli.new import write_folder
from flows.run.run_request import RunRequest
from flows.serve.preview import Preview
from flows.serve.report_server import report_server
from tests.flows import in_process
from tests.flows.conftest import SMALL, Workplace
from tests.flows.fake_cli import PREVIEW_RUN

FORWARD_OF_SEED_7 = "seed: 7\n    panels:\n      - {plot: forward_strip"
FIRST, SECOND = "#panel-f-first-loss-curve", "#panel-f-second-loss-curve"


class Writing:
    """An author's folder, and a preview of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.declaration = folder / "pipelines.yaml"
        self.declaration.write_text(SMALL.read_text())
        self.request = RunRequest(
            pipeline="small",
            declaration=str(self.declaration),
            store=str(folder / "store"),
            report_folder=str(folder / "pages"),
        )
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def change(self, old: str, new: str) -> None:
        text = self.declaration.read_text()
        assert old in text
        self.declaration.write_text(text.replace(old, new))

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _follow(self) -> None:
        Preview(self.request, PREVIEW_RUN).follow(self._is_over)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The last figure is not drawn until this file is there."""
    gate = tmp_path / "gate"
    monkeypatch.setenv("DARKROOM_FAKE_GATE", str(gate))
    monkeypatch.setenv("DARKROOM_FAKE_GATED", "figure/f-second")
    return gate


@pytest.fixture
def writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writing]:
    in_process.prepare(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    writing = Writing(tmp_path)
    yield writing
    (tmp_path / "gate").touch()
    writing.end()


@pytest.fixture
def page(running_chromium: Any, writing: Writing) -> Iterator[Any]:
    """Opened before there is anything, as an author does who is quick."""
    complaints: list[str] = []
    with report_server(writing.request.report_path, 0) as url:
        page = running_chromium.new_page(viewport={"width": 1200, "height": 800})
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def open_page() -> Any:
            writing.start()
            while page.goto(f"{url}/small.html").status != 200:
                page.wait_for_load_state()
            return page

        yield open_page
        page.close()
    assert complaints == []


def drawn(page: Any, panel: str) -> None:
    page.wait_for_selector(f"{panel} img", state="attached")


@pytest.mark.browser
def test_figures_come_as_they_are_made(page: Any, writing: Writing, gate: Path) -> None:
    opened = page()
    drawn(opened, FIRST)
    assert opened.locator(f"{SECOND} img").count() == 0
    assert "Still to come" in opened.locator(SECOND).text_content()
    gate.touch()
    drawn(opened, SECOND)


@pytest.mark.browser
def test_changed_words_are_shown_and_nothing_is_made_for_them(page: Any, writing: Writing) -> None:
    opened = page()
    drawn(opened, SECOND)
    made = in_process.computed(writing.folder)
    writing.change("title: Small", "title: Rewritten")
    opened.get_by_role("heading", name="Rewritten").wait_for()
    assert in_process.computed(writing.folder) == made


@pytest.mark.browser
def test_error_is_told_in_the_page_which_recovers(page: Any, writing: Writing) -> None:
    opened = page()
    drawn(opened, FIRST)
    writing.change("plot: denoised", "plot: denoize")
    opened.locator(".news").get_by_text("denoize").wait_for()
    assert opened.locator(f"{FIRST} img").count() == 1
    writing.change("plot: denoize", "plot: denoised")
    opened.wait_for_function("document.querySelector('.news').textContent === ''")


@pytest.mark.browser
def test_declaration_that_is_broken_from_the_start_is_shown_once_it_is_mended(
    page: Any, writing: Writing
) -> None:
    writing.change("pipelines:", "pipelines: [")
    opened = page()
    opened.locator(".news").get_by_text("pipelines.yaml").wait_for()
    writing.change("pipelines: [", "pipelines:")
    drawn(opened, SECOND)


@pytest.mark.browser
def test_changed_setting_makes_its_figures_again_and_no_other(
    page: Any, writing: Writing, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_GATED", "figure/f-first/denoised")
    gate.touch()
    opened = page()
    drawn(opened, FIRST)
    drawn(opened, SECOND)
    opened.wait_for_selector(".under-way", state="detached")
    made = in_process.computed(writing.folder)
    gate.unlink()
    writing.change("digits: 3", "digits: 4")
    opened.wait_for_selector("#panel-f-first-denoised .awaited", state="attached")
    gate.touch()
    drawn(opened, "#panel-f-first-denoised")
    made_again = set(in_process.computed(writing.folder)[len(made) :]) - {"table/metrics"}
    assert made_again == {"denoise/first/epoch-001", "figure/f-first/denoised"}


@pytest.mark.browser
def test_failed_step_is_told_in_its_place(
    page: Any, writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_FAKE_FAIL", "train/second")
    opened = page()
    drawn(opened, FIRST)
    opened.locator(SECOND).get_by_text("train/second: asked to fail").wait_for(state="attached")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.mark.browser
def test_a_new_folder_is_written_with_its_page_beside_it(
    workplace: Workplace, running_chromium: Any, record_property: Any
) -> None:
    """From `darkroom new` on, in processes of their own, as an author has it."""
    mine = write_folder(workplace.folder / "mine", "blank")
    text, declaration = mine / "text.md", mine / "pipelines.yaml"
    edit(text, "Write here", '{{ seed("figure/forward/forward_strip") }} is the seed. Write here')
    gate = workplace.folder / "gate"
    gate.touch()
    process = workplace.start(
        *("preview", "--port", "0", "--file", str(declaration)),
        DARKROOM_FAKE_GATE=str(gate),
        DARKROOM_FAKE_GATED="figure/forward",
    )
    page = running_chromium.new_page(viewport={"width": 1200, "height": 800})
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:") and url.endswith("/mine.html")
        while page.goto(url).status != 200:
            page.wait_for_load_state()
        schedules, forward = "#panel-schedules-schedules", "#panel-forward-forward-strip"
        drawn(page, schedules)
        drawn(page, forward)
        page.wait_for_selector(".under-way", state="detached")
        made = workplace.computed()

        began = time.monotonic()
        edit(text, "Write here, in", "A changed sentence, in")
        page.get_by_text("1 is the seed. A changed sentence, in Markdown.").wait_for()
        record_property("seconds until a changed sentence is shown", time.monotonic() - began)

        edit(text, "@fig:schedules shows", "@fig:scheduls shows")
        page.locator(".news").get_by_text("text.md:12: figure scheduls is not declared").wait_for()
        edit(text, "@fig:scheduls shows two", "@fig:schedules shows both")
        page.get_by_text("Figure 1 shows both of them.").wait_for()
        assert page.locator(".news").text_content() == ""
        assert workplace.computed() == made

        gate.unlink()
        edit(declaration, "seed: 1\n    panels:\n      - {plot: forward_strip", FORWARD_OF_SEED_7)
        page.wait_for_selector(f"{forward} .awaited", state="attached")
        page.get_by_text("7 is the seed.").wait_for()
        assert page.locator(f"{schedules} img").count() == 1
        gate.touch()
        drawn(page, forward)
        made_again = set(workplace.computed()[len(made) :]) - {"table/metrics"}
        assert made_again == {"figure/forward/forward_strip"}
    finally:
        page.close()
        gate.touch()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=400)
    assert (process.returncode, complaints) == (0, "")


def test_only_names_of_this_machine_are_answered(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with report_server(tmp_path, 0) as url:
        place = urlsplit(url)
        assert place.hostname == "127.0.0.1"
        for host, status in (("localhost", 200), ("127.0.0.1", 200), ("evil.example", 421)):
            connection = http.client.HTTPConnection(place.netloc, timeout=10)
            connection.request("GET", "/", headers={"Host": f"{host}:{place.port}"})
            answer = connection.getresponse()
            assert answer.status == status
            assert (b"mine" in answer.read()) == (status == 200)
            connection.close()
