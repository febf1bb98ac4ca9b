"""The report of a whole gallery in Chromium: its bytes, and how soon its pages answer.

python -m tests.benchmarks.report_page [FOLDER] prints the measurements of a report, by default
that of `make run`, and fails where one is over its limit.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.benchmarks.measure import OVER
from tests.benchmarks.whole_run import run_command
from tests.report.browsing import CHROMIUM, OPTIONS, pixels_of
from tests.report.loading import (
    MOST_FIRST_VIEW,
    MOST_FOLDER,
    MOST_SECONDS,
    PAINTED,
    first_view,
    folder_bytes,
    move_first_slider,
    search,
    seconds_until,
    sort_by_value,
)

FOLDER = Path("data/runs/report")
WRITE_UPS = ("annotated", "seed100", "seed180", "seed34224309", "seed501")
PAGES = ("index.html", *(f"{name}.html" for name in WRITE_UPS))
LONGEST = "seed100.html"
ANSWERS = (
    ("index.html", "a search has its results", search),
    (LONGEST, "a search has its results", search),
    (LONGEST, "the first slider has moved its picture", move_first_slider),
    ("metrics.html", "the table is sorted", sort_by_value),
)
RUNS = 5
"""Times that each page is opened, at least: a page costs a second, a run of others minutes."""


def section(repeats: int) -> str:
    with _gallery() as folder:
        return measured(folder, max(repeats, RUNS))


@contextmanager
def _gallery() -> Iterator[Path]:
    """The report of `make run`, or of a run made for this."""
    if (FOLDER / LONGEST).exists():
        yield FOLDER
        return
    with tempfile.TemporaryDirectory() as folder:
        run_command(folder, "flows.cli", "run", "gallery")
        yield Path(folder) / "report"


def measured(folder: Path, repeats: int) -> str:
    """The section for results.md.

    folder: of a report of every write-up. repeats: times that each page is opened.
    """
    folder = folder.resolve()
    load, _, _ = os.getloadavg()
    sizes = [_size("the folder", folder_bytes(folder), MOST_FOLDER)]
    answers = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for name in PAGES:
            taken = first_view(browser, folder / name)
            sizes.append(_size(f"first view of {name}", sum(taken.values()), MOST_FIRST_VIEW))
        for name, what, act in ANSWERS:
            settle = _expect_other_pixels if act is move_first_slider else _nothing
            seconds = [seconds_until(act, browser, folder / name, settle) for _ in range(repeats)]
            median = statistics.median(seconds)
            answers.append(
                f"| {name} | {what} | {median:.2f} | {max(seconds):.2f} "
                f"| {_limit(median, MOST_SECONDS)} |"
            )
        version = browser.version
        browser.close()
    size_rows, answer_rows = "\n".join(sizes), "\n".join(answers)
    return f"""## The report of the whole gallery, in Chromium {version}

| what | MB | limit |
|---|---:|---:|
{size_rows}

A first view is the page and all that it asks for before the reader scrolls, 1440 x 900 pixels.

Seconds on the clock from the start of the navigation until what a reader did has been painted, by
real keys, {repeats} times each, in a context that has nothing cached; files from disk. The limit
is for the median. When it began, other work made a load average of {load:.1f} on
{os.cpu_count()} cores.

| page | until | median | longest | limit |
|---|---|---:|---:|---:|
{answer_rows}
"""


def _nothing(opened) -> None:
    """What was done has been seen to be there."""


def _expect_other_pixels(opened) -> None:
    """The slider in focus, moved back, shows another picture."""
    picture = opened.locator(".stage:has(:focus) > *").first
    moved = pixels_of(picture)
    is_least = opened.evaluate("() => document.activeElement.value === document.activeElement.min")
    opened.keyboard.press("End" if is_least else "Home")
    opened.evaluate(PAINTED)
    if np.array_equal(pixels_of(picture), moved):
        raise RuntimeError(f"{opened.url}: the first slider moves, and its picture does not")


def _size(name: str, size: int, most: int) -> str:
    return f"| {name} | {size / 1e6:.2f} | {_limit(size / 1e6, most / 1e6)} |"


def _limit(value: float, most: float) -> str:
    return f"{most:g}" if value < most else f"{most:g}, {OVER}"


if __name__ == "__main__":
    text = measured(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, RUNS)
    print(text)
    sys.exit(OVER in text)
