"""One step of every plot of the models of digits, with made-up inputs."""

from __future__ import annotations

import numpy as np

from tasks.running.step import Step
from tests.figures.drawing_table import DrawingTable, loss_table, numbered_images

SIGMAS = [0.0, 0.2, 0.5, 1.0]
GRID = {"seed": 7, "rows": 2, "columns": 10}


def samples(count=20, frames=4, first_time=1.0):
    images = numbered_images(count)
    moving = np.stack([images // (frames - k) for k in range(frames)])
    times = np.linspace(first_time, 0, frames).astype(np.float32)
    arrays = {"images": images, "frames": moving, "times": times}
    return {"seed-7-2x10.safetensors": arrays}


def denoised(add=0, sigmas=SIGMAS):
    """clean is 1, 2, 3; noisy is 10 (k + 1) and output 100 + 10 k plus that, at sigma k."""
    clean = numbered_images(3)
    level = np.arange(len(sigmas), dtype=np.uint8)[:, None, None, None]
    arrays = {
        "clean": clean,
        "noisy": clean[None] + 10 * (level + 1),
        "output": clean[None] + 100 + 10 * level + add,
        "sigmas": np.array(sigmas, dtype=np.float32),
        "mean_image": np.full((28, 28), 77, dtype=np.uint8),
    }
    return {"seed-7.safetensors": arrays}


def digit_steps(table: DrawingTable) -> dict[str, Step]:
    """Plot to a step that draws it."""
    train = [table.row(f"train/{name}", losses=loss_table(200, 40)) for name in ("a", "b")]
    data = table.row(
        "data/d",
        arrays={
            "arrays.safetensors": {
                "test_images": numbered_images(40),
                "test_labels": np.arange(40) % 10,
            }
        },
    )
    behind = {"model": train[0].key, "data": data.key}
    sample = {
        epoch: table.row(
            f"sample/m/epoch-{epoch:03d}",
            arrays=samples(),
            params={
                "epoch": epoch,
                "sampler": {"method": "euler", "steps": 50, "guidance_scale": None},
            },
            inputs={"model": train[0].key},
        )
        for epoch in (1, 10)
    }
    denoise = {
        epoch: table.row(
            f"denoise/d/epoch-{epoch:03d}",
            arrays=denoised(add=epoch),
            params={"epoch": epoch},
            inputs=behind,
            metrics={f"mse_{s:g}": 0.01 + s / epoch / 100 for s in SIGMAS}
            | {f"psnr_{s:g}": 20 - s + epoch / 10 for s in SIGMAS},
        )
        for epoch in (1, 5)
    }
    measured = {
        epoch: table.row(
            f"evaluate/m/epoch-{epoch:03d}",
            metrics={f"class_share_{digit}": 0.1 for digit in range(10)},
        )
        for epoch in (1, 10)
    }
    sweep = [
        table.row(
            f"evaluate/m/epoch-010/guidance-{i}",
            metrics={"label_accuracy": 0.9 + i / 50, "frechet_distance": 9.0 - i}
            | {"frechet_floor": 0.5},
        )
        for i in range(3)
    ]
    by_epoch = {f"epoch_{epoch:03d}": row for epoch, row in denoise.items()}
    sampled = {f"epoch_{epoch:03d}": row for epoch, row in sample.items()}
    shown = {"epochs": [1, 5], "seed": 7, "digits": 3, "sigma": 0.5, "sigmas": SIGMAS}
    made = {
        "loss_curve": (
            {"labels": ["A", "B"], "scale": "log"},
            {"model_0": train[0], "model_1": train[1]},
        ),
        "noising": ({"digits": 3, "sigmas": SIGMAS}, {"data": data}),
        "denoised": (shown, by_epoch),
        "sigma_row": ({**shown, "digits": 1}, by_epoch),
        "sigma_curve": (shown, by_epoch),
        "pure_noise": (shown, by_epoch),
        "samples": ({**GRID, "epochs": [1, 10], "label_classes": True}, sampled),
        "comparison": (
            {**GRID, "labels": ["A", "B"], "label_classes": False},
            {"model_0": sample[1], "model_1": sample[10]},
        ),
        "animation": ({**GRID, "epochs": [10], "label_classes": True}, {"sample": sample[10]}),
        "class_histogram": ({}, {f"epoch_{e:03d}": row for e, row in measured.items()}),
        "guidance_sweep": (
            {"guidance_scales": [0.0, 1.0, 5.0]},
            {f"guidance_{i}": row for i, row in enumerate(sweep)},
        ),
    }
    return {
        plot: table.step({"plot": plot, **params}, inputs)
        for plot, (params, inputs) in made.items()
    }
