"""One figure step of every plot of pictures, with made-up inputs."""

from __future__ import annotations

import numpy as np

TIMESTEPS = [250, 500, 750]
SIZE = 64
BOX = {"shape": "box", "points": [[0.25, 0.25], [0.75, 0.5]]}


def scene(size: int = SIZE, shade: int = 0) -> np.ndarray:
    """[size, size, 3] u8: a bright disc up left over two colours; no symmetry."""
    y, x = np.mgrid[:size, :size] / size
    picture = np.stack([40 + 150 * x, 60 + 120 * y, 200 - 140 * y], axis=2)
    picture[(x - 0.3) ** 2 + (y - 0.3) ** 2 < 0.03] = (250, 220, 60)
    return np.clip(picture + shade, 0, 255).astype(np.uint8)


def as_array(picture: np.ndarray) -> np.ndarray:
    """[3, size, size] float32 in [-1, 1], of a picture [size, size, 3] u8."""
    # safetensors keeps the bytes as they lie, so they have to lie in order.
    return np.ascontiguousarray(picture.transpose(2, 0, 1) / 127.5 - 1, dtype=np.float32)


def noisy_arrays(picture: np.ndarray, timesteps=TIMESTEPS) -> dict[str, np.ndarray]:
    clean = as_array(picture)
    noise = np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    signal = [np.cos(t / 1000 * np.pi / 2) for t in timesteps]
    noisy = [s * clean + np.sqrt(1 - s * s) * noise for s in signal]
    return {
        "clean": clean,
        "noisy": np.stack(noisy).astype(np.float32),
        "timesteps": np.array(timesteps),
    }


def picture_inputs(table, picture=None):
    """Rows of every kind that plots of pictures read."""
    picture = scene() if picture is None else picture
    large = np.asarray(picture).repeat(4, 0).repeat(4, 1)
    arrays = noisy_arrays(picture)
    shown = {f"psnr_{t}": 20 - t / 50 for t in TIMESTEPS}
    best = {f"best_psnr_{t}": 22 - t / 50 for t in TIMESTEPS}
    faded = np.stack([arrays["clean"] * (1 - t / 1500) for t in TIMESTEPS])
    timesteps = arrays["timesteps"]
    snapshots = noisy_arrays(picture, [690, 540, 390, 240, 90])
    return {
        "image": table.row("image/tower", picture=large),
        "noisy": table.row("noised/f/p", {"noisy.safetensors": arrays}, metrics=shown),
        "blurred": table.row(
            "blurred/f/p",
            {
                "blurred.safetensors": {
                    "blurred": faded * 0.5,
                    "best": faded,
                    "best_sigma": np.array([1.2, 2.4, 4.8], dtype=np.float32),
                    "timesteps": timesteps,
                }
            },
            metrics={**shown, **best},
            params={"kernel": 7, "sigma": 1.4},
        ),
        "estimate": table.row(
            "one_step/f/p",
            {"estimate.safetensors": {"estimate": faded, "timesteps": timesteps}},
            metrics=shown,
        ),
        "trajectory": table.row(
            "trajectory/f/p/restored",
            {
                "trajectory.safetensors": {
                    "image": arrays["clean"],
                    "snapshots": snapshots["noisy"],
                    "snapshot_timesteps": snapshots["timesteps"],
                }
            },
            picture=picture,
        ),
        "upscaled": table.row("upscale/f/p/restored", picture=large),
    }


def cell(role, show="image", **more):
    return {"role": role, "show": show, "label": "", "chosen": False, **more}


def picture_steps(table, picture=None):
    """Step by plot."""
    rows = picture_inputs(table, picture)

    def step(plot, params, *roles, **renamed):
        inputs = {role: rows[role] for role in roles}
        inputs |= {role: rows[name] for role, name in renamed.items()}
        return table.step({"plot": plot, **params}, inputs)

    grid = {
        "rows": 1,
        "columns": 4,
        "row_labels": ["tower"],
        "column_labels": ["original", "mask", "hole", "inpainted"],
        "cells": [
            cell("cell_0"),
            cell(None, "mask", mask=BOX),
            cell("cell_0", "hole", mask=BOX),
            cell("cell_3", label="seed 3", chosen=True),
        ],
    }
    prompts = ["an oil painting of people around a campfire", "an oil painting of an old man"]
    hybrid = ["a lithograph of waterfalls", "a lithograph of a skull"]
    return {
        "noised_row": step("noised_row", {"show_clean": True}, "noisy"),
        "blur_rows": step("blur_rows", {}, "noisy", "blurred"),
        "one_step_rows": step("one_step_rows", {}, "noisy", "estimate"),
        "snapshots": step("snapshots", {}, "trajectory"),
        "methods": step("methods", {"timestep": 500}, "image", "trajectory", "estimate", "blurred"),
        "pictures": step("pictures", grid, cell_0="image", cell_3="trajectory"),
        "turn": step("turn", {"view": {"name": "flip"}, "prompts": prompts}, picture="trajectory"),
        "distance": step(
            "distance",
            {"near_pixels": 180, "far_pixels": 60, "prompts": hybrid},
            picture="trajectory",
        ),
    }
