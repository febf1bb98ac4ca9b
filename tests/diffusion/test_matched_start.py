"""The matched start has the moments of what training ends with."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.gaussian_process import forward
from tasks.diffusion.process.matched_start import MatchedStart, Moments
from tasks.diffusion.process.noise_schedules import noise_schedule

SCHEDULE = noise_schedule("linear", 200)


def _images(count):
    """[count, 1, 4, 4]: one brightness an image, mean -0.5, and a little of its own a pixel."""
    generator = torch.Generator().manual_seed(0)
    brightness = torch.randn(count, 1, 1, 1, generator=generator) * 0.8 - 0.5
    return brightness + 0.1 * torch.randn(count, 1, 4, 4, generator=generator)


def test_draws_have_the_mean_and_covariance_of_noised_images():
    images = _images(40_000)
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(2, *images.shape, generator=generator)
    drawn = start(noise[0]).flatten(1)
    noised = forward(images, noise[1], SCHEDULE, 200).flatten(1)
    torch.testing.assert_close(drawn.mean(dim=0), noised.mean(dim=0), atol=0.02, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(noised.T), atol=0.05, rtol=0)


def test_draws_stay_near_the_noise_they_are_made_of():
    noise = torch.randn(500, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    drawn = MatchedStart.of(Moments.of(_images(1000)), SCHEDULE)(noise)
    correlation = torch.corrcoef(torch.stack([noise.flatten(), drawn.flatten()]))[0, 1]
    assert float(correlation) > 0.9


def test_images_that_are_noise_already_need_no_other_start():
    images = torch.randn(50_000, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    torch.testing.assert_close(start.root, torch.eye(4).double(), atol=0.01, rtol=0)
    assert start.divergence() == pytest.approx(0, abs=1e-3)


def test_divergence_of_one_pixel_is_the_formula():
    # KL(N(m, v), N(0, 1)) = (v + m^2 - 1 - log v) / 2.
    images = torch.tensor([-1.0, -0.2]).view(2, 1, 1, 1)
    alpha_bar = float(SCHEDULE.alpha_bar[-1])
    mean, variance = alpha_bar**0.5 * -0.6, alpha_bar * 0.16 + 1 - alpha_bar
    expected = (variance + mean**2 - 1 - torch.tensor(variance).log()) / 2
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    assert start.divergence() == pytest.approx(float(expected), rel=1e-5)
