"""Iterative denoising beside other methods."""

from __future__ import annotations

import numpy as np

from tasks import StepFailed
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_inputs import psnr_label, read_at_model_size
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.playing.sheets import wipe, wipe_subject
from tasks.figures.plots import Plot
from tasks.figures.words import join_words
from tasks.running.step import Step


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
        _at_timestep(step, "estimate", t),
        _at_timestep(step, "blurred", t),
    ]
    labels = ["original", "iterative denoising", "one-step estimate", "Gaussian blur"]
    alt = (
        f"An original, and what is restored of it from t = {t} by iterative denoising, by one step "
        "of the model and by Gaussian blur."
    )
    return Drawing.of_sheet(draw_pictures([row], column_labels=labels), alt)


def _at_timestep(step: Step, role: str, t: int) -> Picture:
    """The picture that the input `role` holds of timestep t, with its PSNR."""
    arrays = step.read_arrays(role, f"{role}.safetensors")
    timesteps = [int(each) for each in arrays["timesteps"]]
    if t not in timesteps:
        there = join_words([str(each) for each in timesteps])
        name = step.inputs[role].name
        raise StepFailed(f"{step.name}: {name} has t = {there}, and params.timestep is {t}")
    pixels = to_pixels(arrays[role][timesteps.index(t)])
    return Picture(pixels, psnr_label(step, role, t), role=role)


def _psnr(picture: np.ndarray, original: np.ndarray) -> float:
    """In dB, of pictures in 8-bit levels."""
    error = np.mean((picture.astype(np.float64) - original) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-8)))


def play_methods(panel: DrawnPanel) -> Control:
    """The original across what each method restored."""
    return wipe([wipe_subject(panel, "", 0, range(1, len(panel.places)))])


PLOTS = [Plot("methods", draw_methods, play_methods)]
