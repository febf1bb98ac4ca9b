"""Ancestral sampling and the ODE solvers, against known solutions and diffusers."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDPMScheduler

from tasks.diffusion.process.noise_schedules import linear_schedule
from tasks.diffusion.process.samplers import AncestralSampler, FlowSampler, ddpm_step


def _last(walk):
    *_, (time, x) = walk
    return time, x


# At t = 1 diffusers takes 1 - alpha_bar = 1e-4 in float32 and is itself off in the fourth digit.
@pytest.mark.parametrize(("t", "tolerance"), [(1, 1e-3), (2, 1e-4), (150, 1e-4), (300, 1e-4)])
def test_ddpm_step_equals_diffusers(t, tolerance):
    schedule = linear_schedule(300)
    theirs = DDPMScheduler(
        num_train_timesteps=300,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        variance_type="fixed_large",
        clip_sample=False,
    )
    theirs.set_timesteps(300)
    x_t, eps = torch.randn(2, 3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    expected = theirs.step(eps, t - 1, x_t, generator=torch.Generator().manual_seed(1)).prev_sample
    noise = torch.randn(x_t.shape, generator=torch.Generator().manual_seed(1)) if t > 1 else 0.0
    torch.testing.assert_close(
        ddpm_step(x_t, eps, schedule, t, noise), expected, rtol=tolerance, atol=tolerance
    )


def test_no_noise_is_added_on_the_last_step():
    draws = []

    def draw():
        draws.append(1)
        return torch.randn(1, 1, 2, 2)

    sampler = AncestralSampler(linear_schedule(7))
    time, _ = _last(sampler.walk(lambda x, t: x, torch.zeros(1, 1, 2, 2), draw))
    assert time == 0
    assert len(draws) == 6


def test_ancestral_sampling_of_a_gaussian_recovers_it():
    # Data N(m, s^2): the best noise estimate is known in closed form, so sampling must return it.
    mean, std = 0.6, 0.3
    schedule = linear_schedule(1000)

    def predict(x, t):
        alpha_bar = schedule.alpha_bar[(t * 1000).round().long()][:, None, None, None].float()
        variance = alpha_bar * std**2 + 1 - alpha_bar
        return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * mean) / variance

    generator = torch.Generator().manual_seed(0)

    def draw():
        return torch.randn(2000, 1, 4, 4, generator=generator)

    _, x = _last(AncestralSampler(schedule).walk(predict, draw(), draw))
    assert float(x.mean()) == pytest.approx(mean, abs=0.01)
    assert float(x.std()) == pytest.approx(std, rel=0.03)


def _no_noise():
    raise AssertionError("an ODE solver draws no noise")


@pytest.mark.parametrize("method", ["euler", "midpoint", "heun"])
def test_straight_flow_is_solved_exactly(method):
    x_1, x_0 = torch.rand(1, 1, 2, 2), torch.randn(1, 1, 2, 2)
    time, x = _last(FlowSampler(method, 3).walk(lambda x, t: x_1 - x_0, x_0, _no_noise))
    assert time == pytest.approx(1)
    torch.testing.assert_close(x, x_1)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_error_falls_with_the_order_of_the_method(method, order):
    # dx/dt = x + t with x(0) = 1 has x(1) = 2e - 2.
    def predict(x, t):
        return x + t[:, None, None, None]

    x_0 = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    errors = [
        abs(
            float(_last(FlowSampler(method, steps).walk(predict, x_0, _no_noise))[1])
            - (2 * math.e - 2)
        )
        for steps in (20, 40)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def test_flow_times_are_those_of_the_training():
    seen = []

    def predict(x, t):
        seen.append(float(t[0]))
        return x

    _last(FlowSampler("euler", 4).walk(predict, torch.zeros(1, 1, 1, 1), _no_noise))
    assert seen == [0, 0.25, 0.5, 0.75]


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="euler, midpoint or heun"):
        _last(FlowSampler("rk45", 2).walk(lambda x, t: x, torch.zeros(1, 1, 1, 1), _no_noise))
