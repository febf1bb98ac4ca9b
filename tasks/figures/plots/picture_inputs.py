"""What plots of pictures read of a step: images as pixels, and qualities by timestep."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tasks import StepFailed
from tasks.data.images import model_image
from tasks.figures.grid import Images
from tasks.figures.plots.inputs import metric
from tasks.figures.resample import to_pixels

if TYPE_CHECKING:
    from tasks.running.step import Step

MODEL_SIZE = 64
"""Side of the pictures that stage I makes."""


def read_picture(step: Step, role: str) -> Images:
    """The picture [height, width, 3] u8 of an input, as large as it is."""
    with Image.open(io.BytesIO(step.read(role, "image.png")), formats=["PNG"]) as image:
        pixels: Images = np.asarray(image.convert("RGB"))
    return pixels


def read_at_model_size(step: Step, role: str, size: int = MODEL_SIZE) -> Images:
    """An input image [size, size, 3] u8 as the model is given it."""
    return to_pixels(model_image(step.read(role, "image.png"), size))


def is_input_image(step: Step, role: str) -> bool:
    """Whether it was given rather than made."""
    return step.inputs[role].kind == "image"


def psnr_label(step: Step, role: str, t: int, name: str = "psnr") -> str:
    """ "PSNR 14.2 dB", from the metric <name>_<t> of an input."""
    return f"PSNR {metric(step, role, f'{name}_{t}'):.1f} dB"


def timestep_label(t: int) -> str:
    return f"t = {t}"


def check_timesteps(step: Step, role: str, found: Images, expected: Images) -> None:
    """Two inputs shown beside each other must be of the same timesteps."""
    if list(found) != list(expected):
        raise StepFailed(
            f"{step.name}: {step.inputs[role].name} is of t = {list(found)}, "
            f"expected {list(expected)}"
        )
