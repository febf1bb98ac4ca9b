"""How many bytes a reader's browser takes for the first view of a large gallery."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.report.build import build_report
from tasks.store.row import Row
from tasks.store.store import Store
from tests.report.loading import MOST_FIRST_VIEW, MOST_FOLDER, first_view, folder_bytes
from tests.report.made_up_run import MadeUpRun, key_of

pytestmark = pytest.mark.browser

FIGURES = 120
SHEET = (900, 500)
FIRST_SHEET = (1600, 1000)
"""Pixels. About 500 kB, and seen without scrolling."""
PLACES = {
    "left": 0,
    "top": 0,
    "rows": 6,
    "columns": 8,
    "cell_width": 64,
    "cell_height": 64,
    "gap": 2,
}
"""Of every sheet: about 4 kB of play data, as the sheets of a real gallery have on average."""
SAMPLES = 1000
"""Nodes that have no panel."""


def noisy_sheet(seed: int, size: tuple[int, int]) -> bytes:
    """A PNG of about 200 kB, as a sheet of photographs has: noise in blocks of 2 x 2 pixels.
    size: width and height in pixels."""
    wide, high = size[0] // 2, size[1] // 2
    noise = np.random.default_rng(seed).integers(0, 256, (high, wide), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


class LargeGallery(MadeUpRun):
    """Every figure has a picture of its own."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, figures=[f"figure-{i}" for i in range(FIGURES)])

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        made = {"model": "train/m", "data": "data/digits"}
        return super()._plan() + [(f"sample/m/epoch-{i:04d}", made) for i in range(SAMPLES)]

    def _put(self, row: Row, objects: Mapping[str, bytes]) -> None:
        if row.kind == "figure":
            width, height = size = FIRST_SHEET if "/figure-0/" in row.name else SHEET
            objects = {"image.png": noisy_sheet(int(row.key[:8], 16), size)}
            said = {"width": width, "height": height, "cells": [PLACES]}
            row = Row(**{**vars(row), "info": {**row.info, **said}})
        super()._put(row, objects)

    def _figure(self, name: str) -> dict[str, Any]:
        figure = super()._figure(name)
        figure["panels"][0]["plot"] = "samples"
        return figure


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    store = Store.open(str(folder / "store"))
    LargeGallery(store).record()
    assert store.find(key_of("figure/figure-0/panel")).objects["image.png"].size > 100_000
    return build_report(store, folder / "out").with_name("course.html")


@pytest.mark.parametrize("name", ["index.html", "course.html"])
def test_first_view_of_a_large_gallery_is_small(browser, page, name, record_property):
    taken = first_view(browser, page.with_name(name))
    record_property("bytes", sum(taken.values()))
    assert name in taken and any(file.endswith(".png") for file in taken)
    assert sum(taken.values()) < MOST_FIRST_VIEW, taken


def test_what_few_readers_ask_for_stands_in_files_of_its_own(page):
    """Else the first view of this gallery would say nothing of a real one."""
    script = [file.stat().st_size for file in page.parent.glob("assets/*.js")]
    assert len(script) == FIGURES + 1
    assert sum(script) - max(script) > 400_000
    assert page.with_name("course--nodes.html").stat().st_size > 250_000


def test_folder_of_a_large_gallery_can_be_sent(page, record_property):
    size = folder_bytes(page.parent)
    record_property("bytes", size)
    # Each picture is there once: the folder is little more than they are.
    pictures = sum(file.stat().st_size for file in page.parent.rglob("*.png"))
    assert pictures < size < min(1.2 * pictures, MOST_FOLDER)
