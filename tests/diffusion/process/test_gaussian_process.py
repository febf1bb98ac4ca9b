"""The forward process and its posterior: variance, closed form and Bayes' rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.diffusion.process.gaussian_process import (
    forward,
    forward_step,
    mean_from_noise,
    posterior_mean,
    posterior_variance,
)
from tasks.diffusion.process.noise_schedules import noise_schedule

NAMES = ("linear", "cosine", "quadratic", "sigmoid")
schedules = st.builds(
    noise_schedule,
    st.sampled_from(NAMES),
    st.integers(2, 400),
    st.floats(1e-5, 1e-3),
    st.floats(1e-2, 0.3),
)


def _coefficients(process, schedule, t) -> tuple[float, float]:
    """What x and eps are multiplied by."""
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    return float(process(one, zero, schedule, t)), float(process(zero, one, schedule, t))


@pytest.mark.parametrize("process", [forward, forward_step])
@settings(deadline=None)
@given(schedule=schedules)
def test_unit_variance_is_preserved_at_every_step(process, schedule):
    for t in range(1, schedule.num_timesteps + 1):
        of_x, of_eps = _coefficients(process, schedule, t)
        assert of_x**2 + of_eps**2 == pytest.approx(1, abs=1e-12)
        assert of_x > 0 and of_eps > 0


@settings(deadline=None)
@given(schedules)
def test_steps_one_after_another_have_the_coefficients_of_the_closed_form(schedule):
    of_x_0, variance_of_noise = 1.0, 0.0
    for t in range(1, schedule.num_timesteps + 1):
        of_x, of_eps = _coefficients(forward_step, schedule, t)
        # Each step draws a noise of its own, so their variances add up.
        of_x_0, variance_of_noise = of_x * of_x_0, of_x**2 * variance_of_noise + of_eps**2
        closed_form = _coefficients(forward, schedule, t)
        assert (of_x_0, variance_of_noise**0.5) == pytest.approx(closed_form, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_step_by_step_noising_has_the_distribution_of_the_closed_form(name):
    schedule = noise_schedule(name, 200)
    generator = torch.Generator().manual_seed(0)
    # Two peaks, which Gaussian moments alone would not tell from one.
    x_0 = torch.where(torch.rand(20_000, generator=generator) < 0.3, -1.0, 0.5)
    x = x_0.clone()
    for t in range(1, 61):
        x = forward_step(x, torch.randn(x.shape, generator=generator), schedule, t)
    at_once = forward(x_0, torch.randn(x.shape, generator=generator), schedule, 60)
    assert stats.ks_2samp(x.numpy(), at_once.numpy()).pvalue > 0.01
    too_early = forward(x_0, torch.randn(x.shape, generator=generator), schedule, 45)
    assert stats.ks_2samp(x.numpy(), too_early.numpy()).pvalue < 1e-6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("t", [2, 60, 200])
def test_posterior_is_what_bayes_rule_gives_on_a_grid(name, t):
    schedule = noise_schedule(name, 200)
    x_0, x_t = 0.7, -0.4
    mean = float(posterior_mean(torch.tensor(x_0), torch.tensor(x_t), schedule, t))
    std = float(posterior_variance(schedule)[t]) ** 0.5
    grid = np.linspace(mean - 9 * std, mean + 9 * std, 4001)
    # q(x_{t-1} | x_t, x_0) is proportional to q(x_t | x_{t-1}) q(x_{t-1} | x_0).
    alpha, alpha_bar = float(schedule.alpha[t]), float(schedule.alpha_bar[t - 1])
    log_density = stats.norm.logpdf(x_t, alpha**0.5 * grid, (1 - alpha) ** 0.5)
    log_density += stats.norm.logpdf(grid, alpha_bar**0.5 * x_0, (1 - alpha_bar) ** 0.5)
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    by_bayes = float((weights * grid).sum())
    assert mean == pytest.approx(by_bayes, abs=1e-4 * std)
    assert std**2 == pytest.approx(float((weights * (grid - by_bayes) ** 2).sum()), rel=1e-4)


def test_posterior_variance_is_zero_at_the_first_step_and_below_beta():
    schedule = noise_schedule("linear", 200)
    variance = posterior_variance(schedule)
    assert float(variance[0]) == float(variance[1]) == 0
    assert (variance[2:] < schedule.beta[2:]).all()


@pytest.mark.parametrize("t", [1, 2, 60, 200])
def test_mean_from_noise_is_the_posterior_mean_at_the_implied_image(t):
    schedule = noise_schedule("linear", 200)
    generator = torch.Generator().manual_seed(t)
    x_0, eps = torch.randn(2, 5, generator=generator, dtype=torch.float64)
    x_t = forward(x_0, eps, schedule, t)
    torch.testing.assert_close(
        mean_from_noise(x_t, eps, schedule, t), posterior_mean(x_0, x_t, schedule, t)
    )
