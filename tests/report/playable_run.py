"""A made-up run whose sheets are real: every kind of figure that readers can play with."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tasks.figures.drawing.chart import csv_bytes
from tasks.figures.drawing.drawn import Drawing, Origin
from tasks.figures.drawing.grid import Block, Sheet, draw_blocks
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.style import png_bytes
from tasks.figures.drawing.turning import PixelView, motion_data
from tasks.store.row import Row
from tests.figures.picture_steps import scene
from tests.report.made_up_run import TIME, MadeUpRun, key_of

SIZE = 64
INDICES = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
HOSTILE = "<img src=x onerror=alert(1)>"
PROMPTS = ['an oil painting of a "quoted" man', HOSTILE]
I_STARTS = (1, 10, 20)
LEVELS = ("i_start 1, t = 960", "i_start 10, t = 690", "i_start 20, t = 390")
TEXTS = {"tower": "a rocket ship; at night", "lake": "a lithograph of waterfalls"}
"""Prompts of edits towards a text, by their picture."""
STILL, FIRST_FRAME = 200, 40
"""Greys of the sheet that moves."""
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


def picture_of(image: str) -> np.ndarray:
    """[64, 64, 3] u8: what "tower" and "lake" show."""
    return scene()[:, ::-1].copy() if image == "lake" else scene()


def edited_towards(image: str, i_start: int) -> np.ndarray:
    return np.clip(picture_of(image).astype(int) + 3 * i_start, 0, 255).astype(np.uint8)


def samples(epoch: int) -> np.ndarray:
    """[2, 3, 28, 28] u8, one grey an epoch."""
    return np.full((2, 3, 28, 28), 40 * epoch, dtype=np.uint8)


def grey_sheet(grey: int) -> Sheet:
    images = np.full((1, 3, 28, 28), grey, dtype=np.uint8)
    return draw_blocks([Block(images, title=title) for title in ("one", "two")], 4)


PLOTS = {
    "edits": "sdedit",
    "texts": "text_edit",
    "steps": "iterative",
    "epochs": "samples",
    "moving": "animation",
    "distance": "distance",
    "loss": "loss_curve",
    "reported": "reported_loss",
}
"""Of each figure's panel; those of all others are turns."""


@dataclass
class PlayableRun(MadeUpRun):
    """figures: turn-<view>, distance, edits, texts, steps, epochs, moving, loss, reported."""

    figures: tuple[str, ...] = (
        *(f"turn-{view}" for view in VIEWS),
        *("distance", "edits", "texts", "steps", "epochs", "moving", "loss", "reported"),
    )

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        made = [(f"trajectory/edit-{i}", {"image": "image/tower"}) for i in I_STARTS]
        towards = [
            (
                f"trajectory/{image}-edit-{i}",
                {"image": f"image/{image}", "prompt_0": f"prompt/{image}"},
            )
            for image in TEXTS
            for i in I_STARTS
        ]
        inputs = {
            "distance": {"picture": "trajectory/free"},
            "edits": {
                "cell_0": "image/tower",
                "cell_1": made[0][0],
                "cell_2": made[1][0],
                "cell_3": made[2][0],
            },
            "texts": {
                **{f"original_{image}": f"image/{image}" for image in TEXTS},
                **{_role(name): name for name, _ in towards},
            },
            "steps": {"trajectory": "trajectory/free"},
            "epochs": {"epoch_001": "sample/one", "epoch_005": "sample/five"},
            "moving": {"sample": "sample/five"},
            "loss": {},
            "reported": {},
        }
        prompts = {"prompt_0": "prompt/it"}
        return [
            ("prompt/it", {}),
            *((f"prompt/{image}", {}) for image in TEXTS),
            *((f"image/{image}", {}) for image in TEXTS),
            ("sample/one", {}),
            ("sample/five", {}),
            ("trajectory/free", prompts),
            *((name, {**of, **prompts}) for name, of in made),
            *towards,
            *(
                (f"figure/{each}/panel", inputs.get(each, {"picture": "trajectory/free"}))
                for each in self.figures
            ),
        ]

    def _record_artifact(self, name: str, kind: str, inputs: Mapping[str, str]) -> None:
        params: dict[str, Any] = {}
        objects: dict[str, bytes] = {}
        last = name.rpartition("/")[2]
        info: dict[str, Any] = {"prompt": TEXTS.get(last, HOSTILE)} if kind == "prompt" else {}
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
        panel["plot"] = PLOTS.get(name, "turn")
        return figure


def _role(name: str) -> str:
    return name.rpartition("/")[2]


def _row_towards(image: str) -> list[Picture]:
    """A picture, and what becomes of it at each i_start."""
    made = [
        Picture(edited_towards(image, i), role=_role(f"trajectory/{image}-edit-{i}"))
        for i in I_STARTS
    ]
    return [Picture(picture_of(image), role=f"original_{image}"), *made]


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
        labels = ["original", *LEVELS]
        cells = [{"role": each.role, "show": "image"} for each in row]
        params = {"plot": "pictures", "rows": 1, "columns": 4, "cells": cells}
        return params, Drawing.of_sheet(draw_pictures([row], column_labels=labels), name)
    if name == "texts":
        sheet = draw_pictures(
            [_row_towards(image) for image in TEXTS],
            row_labels=list(TEXTS.values()),
            column_labels=["original", *LEVELS],
        )
        cells = [{"role": place.picture.role, "show": "image"} for place in sheet.places]
        params = {"plot": "pictures", "rows": 2, "columns": 4, "cells": cells}
        return params, Drawing.of_sheet(sheet, name)
    if name == "moving":
        frames = [grey_sheet(grey).image for grey in (FIRST_FRAME, 90, 140)]
        animation = io.BytesIO()
        frames[0].save(
            animation, "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True
        )
        moving = Drawing.of_sheet(grey_sheet(STILL), name, animation_webp=animation.getvalue())
        return {"plot": "animation"}, moving
    if name == "steps":
        row = [Picture(edited(i), role="trajectory") for i in I_STARTS]
        labels = ["t = 690", "t = 90", "result"]
        sheet = draw_pictures([row], column_labels=labels)
        return {"plot": "snapshots"}, Drawing.of_sheet(sheet, name)
    if name == "epochs":
        blocks = [
            Block(
                samples(epoch),
                title=f"epoch {epoch}",
                origin=Origin(f"epoch_{epoch:03d}", {"seed": 4242}),
                column_origins=[Origin(params={"class": column}) for column in range(3)],
            )
            for epoch in (1, 5)
        ]
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
