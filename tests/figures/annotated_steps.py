"""One step of every plot of the annotated-diffusion write-up, with made-up inputs."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image

from tasks.running.step import Step, table_to_bytes
from tests.figures.drawing_table import DrawingTable, loss_table, numbered_images

GRID = {"seed": 7, "rows": 2, "columns": 10}
SCALES = [0.0, 1.0, 10.0]


def schedule_table(*last: int) -> pa.Table:
    """Linear schedules with as many timesteps as each of `last`."""
    tables = []
    for place, count in enumerate(last):
        beta = np.linspace(1e-4, 4.0 / count, count)
        alpha_bar = np.cumprod(1 - beta)
        tables.append(
            pa.table(
                {
                    "schedule": np.full(count, place),
                    "name": ["linear"] * count,
                    "t": np.arange(1, count + 1),
                    "beta": beta,
                    "alpha_bar": alpha_bar,
                    "posterior_variance": beta * 0.9,
                    "signal_to_noise": alpha_bar / (1 - alpha_bar),
                }
            )
        )
    return pa.concat_tables(tables)


def photograph() -> bytes:
    """64x64 RGB, red on the left and blue on the right."""
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    pixels[:, :32, 0] = pixels[:, 32:, 2] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def parts_table() -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"network": network, "part": part, "shape": f"1 x {c} x {s} x {s}", "parameters": count}
            for network, (c, s) in enumerate([(1, 28), (3, 128)])
            for part, count in (("first 7x7", 900), ("whole network", 2_996_315))
        ]
    )


def annotated_steps(table: DrawingTable) -> dict[str, Step]:
    """Plot to a step that draws it."""
    schedules = table.row(
        "schedule/s", files={"schedules.parquet": table_to_bytes(schedule_table(200, 300))}
    )
    one_schedule = table.row(
        "schedule/one", files={"schedules.parquet": table_to_bytes(schedule_table(200))}
    )
    image = table.row("image/photo", files={"image.png": photograph()})
    network = table.row("network/n", files={"parts.parquet": table_to_bytes(parts_table())})
    sampled = {
        "seed-7-2x10.safetensors": {
            "images": numbered_images(20),
            "rescaled": numbered_images(20) + 100,
        }
    }
    ways = [
        table.row(
            f"variant/m/way-{place}",
            arrays=sampled,
            metrics={
                "network_evaluations": evaluations,
                "frechet_distance": 10.0 - place,
                "frechet_floor": 0.5,
            },
        )
        for place, evaluations in enumerate((200, 10))
    ]
    row = {
        "seed-7-1x10.safetensors": {"images": numbered_images(10)},
    }
    guided = {
        f"{guidance}_{place}": table.row(
            f"variant/g/{guidance}-{scale:g}",
            arrays=row,
            metrics={
                "label_accuracy": 0.5 + place / 10 + bonus,
                "frechet_distance": 20.0 - place,
                "frechet_floor": 0.5,
            },
        )
        for guidance, bonus in (("by_classifier", 0.0), ("classifier_free", 0.1))
        for place, scale in enumerate(SCALES)
    }
    guide = table.row(
        "guide/g",
        metrics={f"guide_accuracy_{t}": 0.9 - t / 1000 for t in (1, 100, 200)}
        | {f"clean_accuracy_{t}": 0.8 - t / 400 for t in (1, 100, 200)},
    )
    train = table.row("train/annotated", losses=loss_table(300, 150, last=0.05))
    made = {
        "schedules": ({}, {"schedule": schedules}),
        "signal_to_noise": ({}, {"schedule": schedules}),
        "forward_strip": (
            {"size": 32, "indices": [1, 199]},
            {"schedule": one_schedule, "image": image},
        ),
        "network_summary": ({}, {"network": network}),
        "reported_loss": (
            {
                "label": "A",
                "every": 100,
                "published": [[0.472, 0.145], [0.06, 0.05]],
                "published_steps": 150,
            },
            {"model_0": train},
        ),
        "pixel_ranges": (GRID, {"sample": ways[0]}),
        "ways": (
            {**GRID, "labels": ["ancestral, 200 steps", "DDIM, 10 steps"]},
            {f"way_{place}": way for place, way in enumerate(ways)},
        ),
        "evaluation_cost": (
            {"labels": ["ancestral, 200 steps", "DDIM, 10 steps"]},
            {f"way_{place}": way for place, way in enumerate(ways)},
        ),
        "guide_accuracy": ({"label": "Guide"}, {"guide": guide}),
        "guidance_curve": ({"guidance_scales": SCALES}, guided),
        "guidance_grid": ({**GRID, "rows": 1, "guidance_scales": SCALES}, guided),
    }
    return {
        plot: table.step({"plot": plot, **params}, inputs)
        for plot, (params, inputs) in made.items()
    }
