"""A store with made-up inputs, and figure steps that read them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from safetensors.numpy import save

from tasks.figures.draw_figure import draw_figure
from tasks.figures.drawing.style import png_bytes
from tasks.figures.playing.panel import DrawnPanel, sheet_places
from tasks.running.step import Step, table_to_bytes
from tasks.store.row import Row
from tasks.store.store import Store


class DrawingTable:
    """Keeps inputs in a real store, as steps before the figure would."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(str(folder))

    def row(
        self,
        name,
        arrays=None,
        losses=None,
        metrics=None,
        params=None,
        picture=None,
        files=None,
        **fields,
    ) -> Row:
        """An input with safetensors objects by name, losses of a "train" node, metrics, a picture
        [height, width, 3] u8 as image.png, and further files as bytes. The kind is the name's
        beginning."""
        objects = {key: save(value) for key, value in (arrays or {}).items()} | (files or {})
        if picture is not None:
            objects["image.png"] = png_bytes(Image.fromarray(picture))
        if losses is not None:
            objects["loss.parquet"] = table_to_bytes(losses)
        row = Row(
            key=hashlib.sha256(name.encode()).hexdigest(),
            name=name,
            kind=name.partition("/")[0],
            params=params or {},
            metrics=metrics or {},
            objects={
                key: self.store.put_object(data, key.rpartition(".")[2])
                for key, data in objects.items()
            },
            created_at="2026-01-01T00:00:00.000000+00:00",
            **fields,
        )
        self.store.record(row)
        return row

    def step(self, params, inputs, seed=0) -> Step:
        return Step(
            name=f"figure/test/{params['plot']}",
            key="0" * 64,
            params={"title": "A title", **params},
            inputs=inputs,
            seed=seed,
            store=self.store,
            device="cpu",
            number_format="float32",
            workspace=self.store.workspace("0" * 64),
        )


def drawn_panel(step: Step) -> DrawnPanel:
    """What the step draws, as a report has it."""
    drawn = draw_figure(step)
    row = Row(
        key=step.key,
        name=step.name,
        kind="figure",
        params=step.params,
        inputs={role: made.key for role, made in step.inputs.items()},
        info=drawn.info,
    )
    rows = {made.key: made for made in step.inputs.values()}
    return DrawnPanel(
        row,
        rows,
        sheet_places(row),
        read=lambda _, name: drawn.objects[name],
        add_file=lambda _, name: name,
    )


def numbered_images(count: int) -> np.ndarray:
    """[count, 28, 28] u8 images, image i all of grey i + 1."""
    return np.broadcast_to(
        np.arange(1, count + 1, dtype=np.uint8)[:, None, None], (count, 28, 28)
    ).copy()


def loss_table(count: int, steps_per_epoch: int, last: float = 0.03) -> pa.Table:
    steps = np.arange(count)
    noise = np.random.default_rng(0).standard_normal(count)
    return pa.table(
        {
            "step": steps,
            "epoch": steps // steps_per_epoch + 1,
            "learning_rate": np.full(count, 1e-3),
            "loss": (last + np.exp(-steps / 30)) * np.exp(0.1 * noise),
        }
    )
