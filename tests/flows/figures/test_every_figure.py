"""Every figure of the write-ups' part A, drawn by any model in the layout of DeepFloyd IF.

The real declaration with `--backend deepfloyd`, its addresses turned to the folders of a tiny model
of random weights, which draws nothing and is whole. Steps are few; all else is as declared.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.declaration import Declaration
from flows.run.run_request import RunRequest
from tasks.store.row import Row
from tasks.store.store import Store
from tests.flows import in_process
from tests.flows.conftest import REPOSITORY
from tests.flows.small_declaration import real_file
from tests.tiny_if import build_tiny_if

pytestmark = pytest.mark.usefixtures("no_part_loaded", "same_threads")

FEW = {"i_start": 1, "i_starts": [1], "snapshots": [495, 0], "tries": 2, "count": 2, "versions": 1}
"""What panels have of these, on the timesteps 990, 495 and 0."""

DRAWN = ("trajectory", "upscale", "choice", "figure")
"""Kinds whose every picture has something on it."""


def part_a(declaration: Declaration) -> list[str]:
    return [name for name, each in declaration.figures.items() if each.section.startswith("A")]


def few_steps(declaration: Declaration) -> list[str]:
    overrides = ["text_to_image.stride=495", "text_to_image.stage_two.num_inference_steps=1"]
    for name in part_a(declaration):
        for number, panel in enumerate(declaration.figures[name].panels):
            values = {key: value for key, value in FEW.items() if getattr(panel, key, None)}
            steps = getattr(panel, "steps", None)
            if steps is not None:
                values["steps"] = [1, 2] if isinstance(steps, list) else 2
            if getattr(panel, "tries", 1) == 1:
                values.pop("tries", None)
            place = f"figures.{name}.panels.{number}"
            overrides += [f"{place}.{key}={value}" for key, value in values.items()]
    return overrides


def pictures(store: Store, row: Row) -> Iterator[np.ndarray]:
    for name, digest in row.objects.items():
        if name.endswith((".png", ".webp")):
            with Image.open(io.BytesIO(store.read_object(digest))) as picture:
                yield np.asarray(picture.convert("RGB"))


@pytest.mark.slow
def test_every_figure_of_part_a_is_drawn_by_a_tiny_deepfloyd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process.without_prefect(tmp_path, monkeypatch)
    tiny_if = build_tiny_if(tmp_path, sample_size=32, upscaled_size=64)
    declaration = real_file().settle("quick")
    figures = part_a(declaration)
    request = RunRequest(
        pipeline="gallery",
        profile="quick",
        backend="deepfloyd",
        overrides=[
            f"backends.deepfloyd.stage_one={tiny_if.stage_one}",
            f"backends.deepfloyd.stage_two={tiny_if.stage_two}",
            *few_steps(declaration),
        ],
        only=[f"figure/{name}/*" for name in figures],
        device="cpu",
        number_format="float32",
        declaration=str(REPOSITORY / "pipelines.yaml"),
        store=str(tmp_path / "store"),
        report_folder=str(tmp_path / "report"),
    )
    result = in_process.run(request, report_grows=False)
    assert result.status == "complete", result.failed
    store = Store.open(request.store, create=False)
    rows = [row for row in store.rows().values() if row.kind in DRAWN]
    assert {row.name.split("/")[1] for row in rows if row.kind == "figure"} == set(figures)
    drawn = {row.name: list(pictures(store, row)) for row in rows}
    assert [name for name, each in drawn.items() if not each] == []
    constant = [n for n, each in drawn.items() if any(np.ptp(p) == 0 for p in each)]
    assert constant == []
