"""Gaussian blur and the best it can do as a denoiser."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tasks import BadInput
from tasks.diffusion.components import SIGMAS, best_gaussian_blur, gaussian_blur
from tasks.diffusion.measures import psnr


@pytest.mark.parametrize(("kernel_size", "sigma"), [(7, 1.5), (13, 2.0), (33, 2.0), (1, 1.0)])
def test_blur_is_a_convolution_of_the_mirrored_picture(kernel_size, sigma):
    x = torch.randn(2, 3, 40, 28, dtype=torch.float64)
    offset = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2
    line = torch.exp(-offset.square() / (2 * sigma**2))
    kernel = line[:, None] * line[None, :]
    weight = (kernel / kernel.sum()).expand(3, 1, -1, -1)
    padded = F.pad(x, [kernel_size // 2] * 4, mode="reflect")
    expected = F.conv2d(padded, weight, groups=3)
    torch.testing.assert_close(gaussian_blur(x, kernel_size, sigma), expected)


def test_a_kernel_wider_than_the_picture_keeps_its_mean_level():
    flat = torch.full((1, 3, 8, 8), 0.3)
    torch.testing.assert_close(gaussian_blur(flat, 97, 16.0), flat)


@pytest.mark.parametrize(("kernel_size", "sigma"), [(4, 1.0), (0, 1.0), (5, 0.0)])
def test_an_impossible_blur_is_refused(kernel_size, sigma):
    with pytest.raises(BadInput, match="expected an odd kernel and a sigma above 0"):
        gaussian_blur(torch.zeros(1, 3, 8, 8), kernel_size, sigma)


def test_the_best_blur_is_the_best_of_all():
    generator = torch.Generator().manual_seed(0)
    clean = gaussian_blur(torch.randn(3, 64, 64, generator=generator), 33, 4.0) * 4
    noise = torch.randn(2, 3, 64, 64, generator=generator)
    noisy = clean + torch.tensor([0.1, 1.0])[:, None, None, None] * noise
    best, sigma = best_gaussian_blur(noisy, clean)
    for i in range(2):
        of_all = [psnr(gaussian_blur(noisy[i : i + 1], 99, s), clean[None]) for s in SIGMAS]
        assert float(psnr(best[i : i + 1], clean[None])) == pytest.approx(
            float(torch.stack(of_all).max()), abs=0.02
        )
    assert sigma[0] < sigma[1]
