"""Gaussian blur, as a product with one matrix from each side, and the best it can do as a denoiser.

A blur of rows then columns is B x B^T, B square: faster than a convolution with the wide
kernels of hybrid images, and any kernel fits any picture.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.measures import psnr

SIGMAS = tuple(0.25 * 2 ** (k / 4) for k in range(25))
"""The grid of best_gaussian_blur: 0.25 to 16 pixels, four to an octave."""


def gaussian_blur(x: Tensor, kernel_size: int, sigma: float) -> Tensor:
    """x convolved with a normalised Gaussian of kernel_size (odd) pixels each way, the picture
    mirrored at its border, without repeating the outermost pixel. x: [..., height, width]."""
    down = _blur_matrix(x.shape[-2], kernel_size, sigma).to(x)
    across = _blur_matrix(x.shape[-1], kernel_size, sigma).to(x)
    return down @ x @ across.T


def best_gaussian_blur(noisy: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """For each noisy picture the blur, over SIGMAS, closest to the clean one by PSNR.

    noisy: [batch, 3, size, size]; clean: [3, size, size]. Kernels are 6 sigma + 1 pixels, which
    holds over 99 percent of a Gaussian. Returns the blurred pictures and their sigmas, [batch]
    float32.
    """
    blurred = torch.stack([gaussian_blur(noisy, 2 * math.ceil(3 * s) + 1, s) for s in SIGMAS])
    quality = torch.stack([psnr(pictures, clean.expand_as(noisy)) for pictures in blurred])
    best = quality.argmax(dim=0)
    return blurred[best, torch.arange(len(noisy))], torch.tensor(SIGMAS)[best]


@functools.lru_cache(maxsize=64)
def _blur_matrix(size: int, kernel_size: int, sigma: float) -> Tensor:
    """[size, size] float64: row i holds the weights of all pixels in blurred pixel i."""
    if kernel_size < 1 or kernel_size % 2 == 0 or not sigma > 0:
        raise BadInput(
            f"blur: kernel is {kernel_size} and sigma is {sigma:g}; expected an odd kernel and a "
            "sigma above 0"
        )
    offsets = torch.arange(kernel_size) - kernel_size // 2
    weights = (-0.5 * (offsets / sigma).double().square()).exp()
    weights /= weights.sum()
    period = max(2 * (size - 1), 1)
    position = (torch.arange(size)[:, None] + offsets).remainder(period)
    mirrored = torch.minimum(position, period - position)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    return matrix.scatter_add_(1, mirrored, weights.expand(size, -1).contiguous())
