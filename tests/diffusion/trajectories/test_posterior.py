"""The strided reverse step and its learned variance."""

from __future__ import annotations

import math

import pytest
import torch

from tasks.diffusion.trajectories.diffusion_schedule import CLEAN, DiffusionSchedule
from tasks.diffusion.trajectories.posterior import (
    log_posterior_variance,
    posterior_mean,
    reverse_step,
    variance_bounds,
)
from tests.diffusion.trajectories.miniature import SCHEDULE, SCHEDULER_CONFIG, scheduler


def _at(*t):
    return SCHEDULE.alpha_bar_at(torch.tensor(t))


@pytest.mark.parametrize(
    ("t", "t_next", "largest", "smallest"),
    [(990, 960, 0.94668, 0.9434), (390, 360, 0.06177, 0.05385)],
)
def test_variance_bounds_have_their_known_values(t, t_next, largest, smallest):
    b, p = variance_bounds(_at(t), _at(t_next))
    assert float(b) == pytest.approx(largest, rel=3e-4)
    assert float(p) == pytest.approx(smallest, rel=3e-4)


@pytest.mark.parametrize(("predicted", "variance"), [(1.0, 0.06177), (-1.0, 0.05385)])
def test_variance_channels_reach_from_p_to_b(predicted, variance):
    channels = torch.full((1, 3, 2, 2), predicted)
    log_v = log_posterior_variance("learned_range", channels, _at(390), _at(360))
    torch.testing.assert_close(log_v.exp(), torch.full((1, 3, 2, 2), variance), rtol=3e-4, atol=0)


def test_variance_half_way_is_the_geometric_mean():
    log_v = log_posterior_variance("learned_range", torch.zeros(1, 3, 2, 2), _at(390), _at(360))
    expected = math.sqrt(0.06177 * 0.05385)
    assert float(log_v.exp().mean()) == pytest.approx(expected, rel=3e-4)


def test_mean_and_smallest_variance_are_bayes_rule():
    # x_next ~ N(sqrt(abar_next) x_0, 1 - abar_next), then x_t ~ N(sqrt(alpha) x_next, beta).
    x_0, x_t = torch.randn(2, 1, 3, 2, 2, dtype=torch.float64)
    alpha_bar_t, alpha_bar_next = _at(390), _at(360)
    alpha = alpha_bar_t / alpha_bar_next
    precision = 1 / (1 - alpha_bar_next) + alpha / (1 - alpha)
    mean = (
        alpha_bar_next.sqrt() * x_0 / (1 - alpha_bar_next) + alpha.sqrt() * x_t / (1 - alpha)
    ) / precision
    torch.testing.assert_close(posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_next), mean)
    _, smallest = variance_bounds(alpha_bar_t, alpha_bar_next)
    torch.testing.assert_close(smallest, 1 / precision)


@pytest.mark.parametrize(("t", "t_next"), [(990, 960), (690, 660), (390, 360), (30, 0)])
@pytest.mark.parametrize("thresholding", [True, False])
def test_a_step_equals_that_of_diffusers(t, t_next, thresholding):
    changes = {"thresholding": thresholding, "clip_sample": False}
    schedule = DiffusionSchedule.from_config({**SCHEDULER_CONFIG, **changes})
    theirs = scheduler(**changes)
    theirs.set_timesteps(timesteps=[t, t_next])
    x_t, eps, variance = torch.randn(3, 2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = theirs.step(
        torch.cat([eps, variance], dim=1), t, x_t, generator=torch.Generator().manual_seed(1)
    ).prev_sample
    noise = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    t, t_next = torch.tensor([t, t]), torch.tensor([t_next, t_next])
    ours = reverse_step(schedule, x_t, eps, variance, t, t_next, noise)
    # At t = 990 an x_0 that nothing limits is 71 times x_t, and diffusers' alpha_bar is float32.
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-3 if t[0] == 990 else 1e-4)


def test_no_noise_is_added_on_the_last_step():
    x_t, eps, variance, noise = torch.randn(4, 1, 3, 4, 4)
    now, clean = torch.tensor([30]), torch.tensor([CLEAN])
    with_noise = reverse_step(SCHEDULE, x_t, eps, variance, now, clean, 100 * noise)
    without = reverse_step(SCHEDULE, x_t, eps, variance, now, clean, torch.zeros_like(noise))
    assert torch.equal(with_noise, without)


def test_the_last_step_is_the_clean_estimate_even_if_the_variance_overflows():
    x_t, eps = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    variance = torch.full((1, 3, 4, 4), 1e4)
    x = reverse_step(
        SCHEDULE,
        x_t,
        eps,
        variance,
        torch.tensor([690]),
        torch.tensor([CLEAN]),
        torch.ones(1, 3, 4, 4),
    )
    expected = -((1 - 0.21452) ** 0.5) * 0.5 / 0.21452**0.5
    torch.testing.assert_close(x, torch.full_like(x, expected), rtol=1e-3, atol=0)


def test_rows_of_a_batch_stand_at_their_own_timesteps():
    x_t, eps, variance, noise = torch.randn(4, 3, 3, 4, 4)
    t, t_next = torch.tensor([990, 390, 0]), torch.tensor([960, 360, CLEAN])
    together = reverse_step(SCHEDULE, x_t, eps, variance, t, t_next, noise)
    for i in range(3):
        rows = (tensor[i : i + 1] for tensor in (x_t, eps, variance, t, t_next, noise))
        torch.testing.assert_close(together[i : i + 1], reverse_step(SCHEDULE, *rows))
