"""What plots of pictures read of a step: images as pixels, and qualities by timestep."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tasks import StepFailed
from tasks.data.images import model_image
from tasks.figures.drawing.inputs import metric
from tasks.figures.drawing.picture_sheet import Picture
from tasks.figures.drawing.pixels import Images, to_pixels
from tasks.figures.words import join_words
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


def psnr_label(step: Step, role: str, t: int) -> str:
    """ "PSNR 14.2 dB", from the metric psnr_<t> of an input."""
    return f"PSNR {metric(step, role, f'psnr_{t}'):.1f} dB"


def timestep_labels(timesteps: Sequence[int]) -> list[str]:
    return [f"t = {t}" for t in timesteps]


def all_timesteps(timesteps: Sequence[int]) -> str:
    """ "t = 250, 500 and 750"."""
    return f"t = {join_words([str(t) for t in timesteps])}"


def noisy_timesteps(step: Step, beside: str | None = None) -> list[int]:
    """Those of the input "noisy", which the input `beside`, shown with it, has to have too."""
    expected = step.read_arrays("noisy", "noisy.safetensors")["timesteps"]
    if beside is not None:
        found = step.read_arrays(beside, f"{beside}.safetensors")["timesteps"]
        if list(found) != list(expected):
            raise StepFailed(
                f"{step.name}: {step.inputs[beside].name} is of t = {list(found)}, "
                f"expected {list(expected)}"
            )
    return [int(t) for t in expected]


def at_timesteps(step: Step, role: str, timesteps: Sequence[int]) -> list[Picture]:
    """The pictures of `role`, in the array of that name, each with its PSNR."""
    images = step.read_arrays(role, f"{role}.safetensors")[role]
    return [
        Picture(to_pixels(image), psnr_label(step, role, t), role=role)
        for image, t in zip(images, timesteps, strict=True)
    ]
