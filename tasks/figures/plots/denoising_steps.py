"""Iterative denoising: what it passes through, and its result beside those of other methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks import StepFailed
from tasks.figures.drawing import Drawing
from tasks.figures.picture_sheet import Picture, draw_pictures
from tasks.figures.plots.picture_inputs import psnr_label, read_at_model_size, timestep_label
from tasks.figures.resample import to_pixels
from tasks.figures.words import join_words

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_snapshots(step: Step) -> Drawing:
    """x_t at the snapshots' t, noisiest first, and the result."""
    arrays = step.read_arrays("trajectory", "trajectory.safetensors")
    timesteps = [int(t) for t in arrays["snapshot_timesteps"]]
    images = [*arrays["snapshots"], arrays["image"]]
    row = [Picture(to_pixels(image), role="trajectory") for image in images]
    labels = [*map(timestep_label, timesteps), "result"]
    alt = (
        "A picture while it is denoised step by step, at t = "
        f"{join_words([str(t) for t in timesteps])}, and the result."
    )
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


def draw_methods(step: Step) -> Drawing:
    """The original, and what three methods restore of it from the same noise level.

    params: timestep, at which one-step estimate and blur began.
    """
    t = int(step.params["timestep"])
    result = step.read_arrays("trajectory", "trajectory.safetensors")["image"]
    original = read_at_model_size(step, "image", result.shape[-1])
    iterative = to_pixels(result)
    row = [
        Picture(original, role="image"),
        Picture(iterative, f"PSNR {_psnr(iterative, original):.1f} dB", role="trajectory"),
        Picture(
            to_pixels(_at_timestep(step, "estimate", t)),
            psnr_label(step, "estimate", t),
            role="estimate",
        ),
        Picture(
            to_pixels(_at_timestep(step, "blurred", t)),
            psnr_label(step, "blurred", t),
            role="blurred",
        ),
    ]
    labels = ["original", "iterative denoising", "one-step estimate", "Gaussian blur"]
    alt = (
        f"An original, and what is restored of it from t = {t} by iterative denoising, by one step "
        "of the model and by Gaussian blur."
    )
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


def _at_timestep(step: Step, role: str, t: int) -> np.ndarray:
    """The picture [3, height, width] that the input `role` holds of timestep t."""
    arrays = step.read_arrays(role, f"{role}.safetensors")
    timesteps = [int(each) for each in arrays["timesteps"]]
    if t not in timesteps:
        there = join_words([str(each) for each in timesteps])
        name = step.inputs[role].name
        raise StepFailed(f"{step.name}: {name} has t = {there}, and params.timestep is {t}")
    picture: np.ndarray = arrays[role][timesteps.index(t)]
    return picture


def _psnr(picture: np.ndarray, original: np.ndarray) -> float:
    """In dB, of pictures in 8-bit levels."""
    error = np.mean((picture.astype(np.float64) - original) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-8)))
