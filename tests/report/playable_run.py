"""A made-up run whose sheets are real: every kind of figure that readers can play with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tasks.figures.curves import csv_bytes
from tasks.figures.drawing import Drawing
from tasks.figures.grid import Block, draw_blocks
from tasks.figures.motion_data import motion_data
from tasks.figures.picture_sheet import Picture, draw_pictures
from tasks.figures.style import png_bytes
from tasks.figures.turning import PixelView
from tasks.store.row import Row
from tests.figures.picture_steps import scene
from tests.report.made_up_run import TIME, MadeUpRun, key_of

SIZE = 64
INDICES = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
HOSTILE = "<img src=x onerror=alert(1)>"
PROMPTS = ['an oil painting of a "quoted" man', HOSTILE]
I_STARTS = (1, 10, 20)
LOSSES = [1 / (step + 1) for step in range(1000)]
OURS, THEIRS = "A model on digits", f"published, {HOSTILE}"
PUBLISHED = [[0.472, 0.145], [0.061, 0.05]]


def _inner_square_turned() -> np.ndarray:
    source = INDICES.copy()
    source[16:48, 16:48] = np.rot90(source[16:48, 16:48], -1)
    return source


def _rolled() -> np.ndarray:
    shifts = np.round(np.linspace(-10, 10, SIZE)).astype(int)
    return INDICES[(np.arange(SIZE)[:, None] - shifts) % SIZE, np.arange(SIZE)]


VIEWS = {
    "flip": PixelView(INDICES[::-1], is_negative=False),
    "quarter": PixelView(np.rot90(INDICES, -1), is_negative=False),
    "skew": PixelView(_rolled(), is_negative=False),
    "negate": PixelView(INDICES, is_negative=True),
    "inner": PixelView(_inner_square_turned(), is_negative=False),
}


def edited(i_start: int) -> np.ndarray:
    return scene(shade=-4 * i_start)


def samples(epoch: int) -> np.ndarray:
    """[2, 3, 28, 28] u8, one grey an epoch."""
    return np.full((2, 3, 28, 28), 40 * epoch, dtype=np.uint8)


@dataclass
class PlayableRun(MadeUpRun):
    """figures: turn-<view>, distance, edits, steps, epochs, loss, reported."""

    figures: tuple[str, ...] = (
        *(f"turn-{view}" for view in VIEWS),
        *("distance", "edits", "steps", "epochs", "loss", "reported"),
    )

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        made = [(f"trajectory/edit-{i}", {"image": "image/tower"}) for i in I_STARTS]
        inputs = {
            "distance": {"picture": "trajectory/free"},
            "edits": {
                "cell_0": "image/tower",
                "cell_1": made[0][0],
                "cell_2": made[1][0],
                "cell_3": made[2][0],
            },
            "steps": {"trajectory": "trajectory/free"},
            "epochs": {"epoch_001": "sample/one", "epoch_005": "sample/five"},
            "loss": {},
            "reported": {},
        }
        prompts = {"prompt_0": "prompt/it"}
        return [
            ("prompt/it", {}),
            ("image/tower", {}),
            ("sample/one", {}),
            ("sample/five", {}),
            ("trajectory/free", prompts),
            *((name, {**of, **prompts}) for name, of in made),
            *(
                (f"figure/{each}/panel", inputs.get(each, {"picture": "trajectory/free"}))
                for each in self.figures
            ),
        ]

    def _record_artifact(self, name: str, kind: str, inputs: Mapping[str, str]) -> None:
        params: dict[str, Any] = {}
        objects: dict[str, bytes] = {}
        info: dict[str, Any] = {"prompt": HOSTILE} if kind == "prompt" else {}
        if kind == "figure":
            params, drawing = draw(name.split("/")[1])
            objects = dict(drawing.objects)
            info = {
                "width": drawing.width,
                "height": drawing.height,
                "alt": drawing.alt,
                "cells": list(drawing.cells),
            }
        elif kind in ("trajectory", "image"):
            objects["image.png"] = png_bytes(Image.fromarray(scene()))
            i_start = name.partition("edit-")[2]
            params = {"start": {"i_start": int(i_start)}} if i_start else {}
        self._put(
            Row(
                key=key_of(name),
                name=name,
                kind=kind,
                params=params,
                inputs={role: key_of(node) for role, node in inputs.items()},
                info=info,
                seed=77,
                created_at=TIME,
            ),
            objects,
        )

    def _figure(self, name: str) -> dict[str, Any]:
        figure = super()._figure(name)
        (panel,) = figure["panels"]
        panel["plot"] = {"edits": "sdedit", "steps": "iterative", "epochs": "samples"}.get(
            name, name
        )
        return figure


def draw(name: str) -> tuple[dict[str, Any], Drawing]:
    """Parameters and drawing of a figure."""
    if name.startswith("turn-"):
        view = VIEWS[name.removeprefix("turn-")]
        motion = json.dumps(motion_data(view)).encode()
        sheet = draw_pictures([[Picture(scene()), Picture(view.apply(scene()))]])
        params = {"plot": "turn", "view": {"name": "flip"}, "prompts": PROMPTS}
        return params, Drawing.of_sheet(sheet, name, motion_json=motion)
    if name == "distance":
        sheet = draw_pictures([[Picture(scene())]])
        params = {"plot": "distance", "near_pixels": 256, "far_pixels": 40, "prompts": PROMPTS}
        return params, Drawing.of_sheet(sheet, name)
    if name == "edits":
        row = [Picture(scene(), role="cell_0")]
        row += [Picture(edited(i), role=f"cell_{n}") for n, i in enumerate(I_STARTS, 1)]
        labels = ["original", *(f"i_start {i}" for i in I_STARTS)]
        cells = [{"role": each.role, "show": "image"} for each in row]
        params = {"plot": "pictures", "rows": 1, "columns": 4, "cells": cells}
        return params, Drawing.of_sheet(draw_pictures([row], column_labels=labels), name)
    if name == "steps":
        row = [Picture(edited(i), role="trajectory") for i in I_STARTS]
        labels = ["t = 690", "t = 90", "result"]
        sheet = draw_pictures([row], column_labels=labels)
        return {"plot": "snapshots"}, Drawing.of_sheet(sheet, name)
    if name == "epochs":
        blocks = [Block(samples(epoch), title=f"epoch {epoch}") for epoch in (1, 5)]
        return {"plot": "samples"}, Drawing.of_sheet(draw_blocks(blocks, 4), name)
    if name == "reported":
        return {"plot": "reported_loss"}, _chart(name, reported_table())
    rows = [(step + 1, 1, loss, 2 * loss) for step, loss in enumerate(LOSSES)]
    table = csv_bytes(("step", "epoch", "loss", "smoothed"), rows)
    return {"plot": "loss_curve", "scale": "log"}, _chart(name, table)


def reported_table() -> bytes:
    """This run's losses in two epochs, and published ones of epochs twice as long, at the first
    step of each and at the 600th, which this run's epochs do not have."""
    half = len(LOSSES) // 2
    rows: list[tuple[str | int | float, ...]] = [
        (OURS, step + 1, step // half + 1, step % half, loss, 2 * loss)
        for step, loss in enumerate(LOSSES)
    ]
    rows += [
        (THEIRS, epoch * len(LOSSES) + step + 1, epoch + 1, step, loss, "")
        for epoch, losses in enumerate(PUBLISHED)
        for step, loss in zip((0, 600), losses, strict=True)
    ]
    return csv_bytes(("model", "step", "epoch", "step_of_epoch", "loss", "smoothed"), rows)


def _chart(name: str, table: bytes) -> Drawing:
    picture = png_bytes(Image.new("RGB", (900, 420), "white"))
    objects = {"image.png": picture, "image-dark.png": picture, "data.csv": table}
    return Drawing(objects, 900, 420, name)
