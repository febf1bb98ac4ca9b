"""A picture of the engine as an object of the store, and how good pictures are, as metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from tasks import StepFailed
from tasks.data.images import to_png
from tasks.diffusion.picture_metrics import psnr

LARGEST_PSNR = 120.0
"""Decibels. Of equal pictures it is infinite, and has to remain a number in tables."""


def picture_png(picture: Tensor) -> bytes:
    """[3, S, S] in [-1, 1] as RGB with 8 bits."""
    levels = picture.float().cpu().clamp(-1, 1).add(1).mul(127.5).round().byte()
    return to_png(Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy())))


def psnr_by_timestep(
    pictures: Tensor, clean: Tensor, timesteps: Sequence[int], name: str = "psnr"
) -> dict[str, float]:
    """Metrics <name>_<t>, in dB, of pictures [n, 3, S, S] against clean [3, S, S]."""
    values = psnr(pictures, clean.expand_as(pictures)).clamp(max=LARGEST_PSNR)
    return {f"{name}_{t}": float(value) for t, value in zip(timesteps, values, strict=True)}


def check_finite(name: str, pictures: Tensor) -> None:
    """Raise StepFailed, with the node's name, if a pixel is not a number."""
    if not bool(pictures.isfinite().all()):
        raise StepFailed(
            f"{name}: the picture has non-finite pixels; run in float32 (--number-format float32), "
            "or in bfloat16 where float16 overflows"
        )
