"""The pocket model's losses, against closed forms and diffusers."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler

from tasks.pocket.objective import (
    LEAST_WEIGHT,
    MOST_STRIDE,
    cosine_alpha_bar,
    noised,
    random_strides,
    variance_loss,
    weighted_noise_loss,
)


def test_alpha_bar_is_that_of_the_scheduler_the_model_is_saved_with() -> None:
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    torch.testing.assert_close(cosine_alpha_bar().float(), scheduler.alphas_cumprod)


def test_clean_timesteps_weigh_less_and_none_nothing() -> None:
    alpha_bar = cosine_alpha_bar()
    noise, eps = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)

    def weight(t: int) -> float:
        return float(weighted_noise_loss(eps, noise, torch.tensor([t]), alpha_bar))

    snr = alpha_bar / (1 - alpha_bar)
    assert weight(900) == pytest.approx(1.0)
    assert weight(250) == pytest.approx(float(5 / snr[250]), rel=1e-5)
    assert weight(20) == pytest.approx(LEAST_WEIGHT)


def test_strides_go_from_one_to_the_most_and_never_below_the_first_timestep() -> None:
    t = torch.arange(1, 1000).repeat(20)
    strides = t - random_strides(t, torch.Generator().manual_seed(0))
    assert strides.min() == 1
    assert strides.max() == MOST_STRIDE
    assert (strides <= t).all()


def divergence(variance: float, t: int, t_next: int) -> float:
    """The variance loss of an exact mean."""
    alpha_bar = cosine_alpha_bar()
    generator = torch.Generator().manual_seed(0)
    x_0 = torch.rand(1, 3, 8, 8, generator=generator) - 0.5
    noise = torch.randn(x_0.shape, generator=generator)
    now, then = torch.tensor([t]), torch.tensor([t_next])
    x_t = noised(x_0, now, noise, alpha_bar)
    predicted = torch.full_like(noise, variance)
    return float(variance_loss(noise, predicted, x_0, x_t, now, then, alpha_bar))


@pytest.mark.parametrize(("t", "t_next"), [(10, 9), (60, 30), (300, 240), (990, 960)])
def test_with_an_exact_mean_the_posterior_variance_costs_nothing(t: int, t_next: int) -> None:
    assert divergence(-1.0, t, t_next) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(("t", "t_next"), [(10, 9), (60, 30), (500, 470)])
def test_a_variance_too_large_costs_its_divergence(t: int, t_next: int) -> None:
    alpha_bar = cosine_alpha_bar()
    beta = 1 - alpha_bar[t] / alpha_bar[t_next]
    tilde = (1 - alpha_bar[t_next]) / (1 - alpha_bar[t]) * beta
    expected = 0.5 * ((beta / tilde).log() - 1 + tilde / beta) / torch.log(torch.tensor(2.0))
    assert divergence(1.0, t, t_next) == pytest.approx(float(expected), rel=1e-3)


@pytest.mark.parametrize(("t", "t_next"), [(60, 30), (990, 960)])
def test_the_bounds_are_those_that_diffusers_samples_between(t: int, t_next: int) -> None:
    scheduler = DDPMScheduler(
        beta_schedule="squaredcos_cap_v2", variance_type="learned_range", clip_sample=False
    )
    scheduler.set_timesteps(timesteps=[t, t_next])
    alpha_bar = cosine_alpha_bar()
    beta = 1 - alpha_bar[t] / alpha_bar[t_next]
    tilde = (1 - alpha_bar[t_next]) / (1 - alpha_bar[t]) * beta
    for predicted, bound in ((1.0, beta), (-1.0, tilde)):
        theirs = scheduler._get_variance(t, predicted_variance=torch.tensor(predicted))
        assert float(theirs) == pytest.approx(float(bound.log()), rel=1e-3)


def test_the_variance_loss_does_not_move_the_noise_estimate() -> None:
    alpha_bar = cosine_alpha_bar()
    eps = torch.zeros(1, 3, 4, 4, requires_grad=True)
    variance = torch.zeros(1, 3, 4, 4, requires_grad=True)
    x = torch.zeros(1, 3, 4, 4)
    now, then = torch.tensor([500]), torch.tensor([470])
    variance_loss(eps, variance, x, x, now, then, alpha_bar).backward()
    assert eps.grad is None
    assert variance.grad is not None
    assert float(variance.grad.abs().sum()) > 0
