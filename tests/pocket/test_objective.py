"""The pocket model's losses, against closed forms and diffusers."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from tasks.pocket.objective import (
    cosine_alpha_bar,
    half_size_alpha_bar,
    min_snr_loss,
    noised,
    variance_loss,
)


def test_alpha_bar_is_that_of_the_scheduler_the_model_is_saved_with() -> None:
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    torch.testing.assert_close(cosine_alpha_bar().float(), scheduler.alphas_cumprod)


@pytest.mark.parametrize("t", [50, 400, 800])
def test_a_picture_of_half_the_size_has_the_ratio_of_its_schedule(t: int) -> None:
    alpha_bar = cosine_alpha_bar()
    generator = torch.Generator().manual_seed(0)
    flat = torch.full((64, 3, 64, 64), 0.7)
    noise = torch.randn(flat.shape, generator=generator)
    x_t = noised(flat, torch.full((64,), t), noise, alpha_bar)
    small = functional.avg_pool2d(x_t, 2)
    measured = float(small.mean() ** 2 / small.var()) / 0.49
    level = half_size_alpha_bar(alpha_bar)[t]
    assert measured == pytest.approx(float(level / (1 - level)), rel=0.02)


def test_min_snr_weights_clean_timesteps_down_and_noisy_ones_not() -> None:
    alpha_bar = cosine_alpha_bar()
    noise = torch.zeros(1, 3, 4, 4)
    eps = torch.ones(1, 3, 4, 4)
    snr = alpha_bar / (1 - alpha_bar)
    assert float(min_snr_loss(eps, noise, torch.tensor([900]), alpha_bar)) == pytest.approx(1.0)
    assert float(min_snr_loss(eps, noise, torch.tensor([100]), alpha_bar)) == pytest.approx(
        float(5 / snr[100]), rel=1e-5
    )


def divergence(variance: float, t: int) -> float:
    """The variance loss of an exact mean."""
    alpha_bar = cosine_alpha_bar()
    generator = torch.Generator().manual_seed(0)
    x_0 = torch.rand(1, 3, 8, 8, generator=generator) - 0.5
    noise = torch.randn(x_0.shape, generator=generator)
    t_ = torch.tensor([t])
    x_t = noised(x_0, t_, noise, alpha_bar)
    return float(variance_loss(noise, torch.full_like(noise, variance), x_0, x_t, t_, alpha_bar))


@pytest.mark.parametrize("t", [10, 300, 700])
def test_with_an_exact_mean_the_posterior_variance_costs_nothing(t: int) -> None:
    assert divergence(-1.0, t) == pytest.approx(0.0, abs=1e-4)


def test_a_variance_too_large_costs_its_divergence() -> None:
    alpha_bar = cosine_alpha_bar()
    t = 10
    beta = 1 - alpha_bar[t] / alpha_bar[t - 1]
    tilde = (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t]) * beta
    expected = 0.5 * ((beta / tilde).log() - 1 + tilde / beta) / torch.log(torch.tensor(2.0))
    assert divergence(1.0, t) == pytest.approx(float(expected), rel=1e-3)


def test_the_variance_loss_does_not_move_the_noise_estimate() -> None:
    alpha_bar = cosine_alpha_bar()
    eps = torch.zeros(1, 3, 4, 4, requires_grad=True)
    variance = torch.zeros(1, 3, 4, 4, requires_grad=True)
    x = torch.zeros(1, 3, 4, 4)
    variance_loss(eps, variance, x, x, torch.tensor([500]), alpha_bar).backward()
    assert eps.grad is None
    assert variance.grad is not None
    assert float(variance.grad.abs().sum()) > 0
