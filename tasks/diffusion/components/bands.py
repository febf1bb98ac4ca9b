"""Components by spatial frequency: low and high pass, three bands, motion blur.

Each blur of a size x size picture is a linear map of its rows and columns, with the picture
mirrored at its border.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.components.decomposition import Parts
from tasks.diffusion.declared_width import DECLARED_WIDTH
from tasks.diffusion.gaussian_blur import gaussian_blur

Blur = Callable[[Tensor], Tensor]


def low_high(size: int, kernel_size: int, sigma: float) -> Parts:
    """A Gaussian low pass, and the rest: the parts of a hybrid image (Oliva et al. 2006)."""
    low = _gaussian(size, kernel_size, sigma)
    return {"low": low, "high": lambda x: x - low(x)}


def triple(size: int, kernel_size: int, sigma_low: float, sigma_mid: float) -> Parts:
    """Three bands, parted by two Gaussians; sigma_low is the wider one."""
    if not sigma_low > sigma_mid:
        raise BadInput(
            f"components: triple has sigma_low {sigma_low:g} and sigma_mid {sigma_mid:g}; "
            "expected sigma_low > sigma_mid"
        )
    low = _gaussian(size, kernel_size, sigma_low)
    low_and_mid = _gaussian(size, kernel_size, sigma_mid)
    return {
        "low": low,
        "mid": lambda x: low_and_mid(x) - low(x),
        "high": lambda x: x - low_and_mid(x),
    }


def motion(size: int, length: int, degrees: float) -> Parts:
    """What is left when the picture is moved along a line while the shutter is open, and the rest.

    length: pixels, odd. degrees: direction of the line, 0 horizontal, counterclockwise.
    """
    kernel = _line(_scaled_kernel(size, length), degrees)
    moved = functools.partial(_convolve, kernel=kernel)
    return {"moved": moved, "rest": lambda x: x - moved(x)}


def _gaussian(size: int, kernel_size: int, sigma: float) -> Blur:
    return functools.partial(
        gaussian_blur,
        kernel_size=_scaled_kernel(size, kernel_size),
        sigma=sigma * size / DECLARED_WIDTH,
    )


def _scaled_kernel(size: int, kernel_size: int) -> int:
    """The odd kernel that covers in a picture of this size what kernel_size covers at 64."""
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise BadInput(f"components: kernel or length is {kernel_size}; expected an odd number")
    return 2 * round((kernel_size // 2) * size / DECLARED_WIDTH) + 1


def _line(length: int, degrees: float) -> Tensor:
    """An antialiased line through the middle of a [length, length] kernel that sums to 1."""
    position = torch.arange(length, dtype=torch.float64) - length // 2
    x, y = position[None, :], -position[:, None]
    angle = math.radians(degrees)
    across = (y * math.cos(angle) - x * math.sin(angle)).abs()
    along = (x * math.cos(angle) + y * math.sin(angle)).abs()
    kernel = (1 - across).clamp(min=0) * (along <= length / 2)
    return kernel / kernel.sum()


def _convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """x [B, C, S, S] with one kernel for all channels."""
    channels = x.shape[1]
    weight = kernel.to(x).expand(channels, 1, -1, -1)
    padded = F.pad(x, [len(kernel) // 2] * 4, mode="reflect")
    return F.conv2d(padded, weight, groups=channels)
