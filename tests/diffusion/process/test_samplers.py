"""Ancestral sampling and the ODE solvers, against known solutions and diffusers."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.samplers import (
    AncestralSampler,
    DDIMSampler,
    FlowSampler,
    PosteriorSampler,
    ddpm_step,
)


def _last(walk):
    *_, (time, x) = walk
    return time, x


# At t = 1 diffusers takes 1 - alpha_bar = 1e-4 in float32 and is itself off in the fourth digit.
@pytest.mark.parametrize(("t", "tolerance"), [(1, 1e-3), (2, 1e-4), (150, 1e-4), (300, 1e-4)])
def test_ddpm_step_equals_diffusers(t, tolerance):
    schedule = noise_schedule("linear", 300)
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


SCHEDULE = noise_schedule("linear", 200)
MEAN, STD = 0.6, 0.3


def _oracle(x, t, schedule=SCHEDULE):
    """The best noise estimate for data N(MEAN, STD^2), which sampling must return."""
    alpha_bar = schedule.alpha_bar[t.round().long()][:, None, None, None].float()
    variance = alpha_bar * STD**2 + 1 - alpha_bar
    return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * MEAN) / variance


def _normal(seed):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(2000, 1, 4, 4, generator=generator)


def _sample(sampler, start, draw, predict=_oracle):
    *_, (time, x) = sampler.walk(predict, start, draw)
    assert time == 0
    return x


def _matched(draw):
    alpha_bar = float(SCHEDULE.alpha_bar[-1])
    return alpha_bar**0.5 * MEAN + (alpha_bar * STD**2 + 1 - alpha_bar) ** 0.5 * draw()


def test_ancestral_sampling_of_a_gaussian_recovers_it():
    schedule, draw = noise_schedule("linear", 1000), _normal(0)
    sampler = AncestralSampler(schedule)
    x = _sample(sampler, draw(), draw, lambda x, t: _oracle(x, t * 1000, schedule))
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(x.std()) == pytest.approx(STD, rel=0.03)


@pytest.mark.parametrize("sampler", [PosteriorSampler(SCHEDULE), DDIMSampler(SCHEDULE, 200)])
def test_sampling_from_the_matched_start_recovers_the_data(sampler):
    draw = _normal(0)
    x = _sample(sampler, _matched(draw), draw)
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(x.std()) == pytest.approx(STD, rel=0.03)


def test_pure_noise_misses_the_mean_by_what_the_start_lacks():
    # DDIM carries x_T to x_0 along a straight map, so the offset of x_T arrives scaled.
    draw = _normal(0)
    x = _sample(DDIMSampler(SCHEDULE, 200), draw(), draw)
    alpha_bar = float(SCHEDULE.alpha_bar[-1])
    missing = alpha_bar**0.5 * MEAN / (alpha_bar * STD**2 + 1 - alpha_bar) ** 0.5 * STD
    assert float(x.mean()) == pytest.approx(MEAN - missing, abs=0.01)
    # Ancestral sampling forgets most of where it started.
    y = _sample(PosteriorSampler(SCHEDULE), draw(), draw)
    assert MEAN - missing < float(y.mean()) < MEAN


def test_ancestral_steps_equal_diffusers():
    theirs = DDPMScheduler(
        num_train_timesteps=200,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        variance_type="fixed_small",
        clip_sample=False,
    )
    theirs.set_timesteps(200)
    start = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    generator, x = torch.Generator().manual_seed(1), start
    for t in theirs.timesteps:
        eps = _oracle(x, (t + 1).expand(3))
        x = theirs.step(eps, t, x, generator=generator).prev_sample
    ours = torch.Generator().manual_seed(1)
    ended = _sample(
        PosteriorSampler(SCHEDULE), start, lambda: torch.randn(start.shape, generator=ours)
    )
    torch.testing.assert_close(ended, x, rtol=1e-3, atol=1e-3)


def test_ddim_steps_equal_diffusers():
    theirs = DDIMScheduler(
        num_train_timesteps=200,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(10)
    start = x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for t in theirs.timesteps:
        x = theirs.step(_oracle(x, (t + 1).expand(3)), t, x).prev_sample
    ended = _sample(DDIMSampler(SCHEDULE, 10), start, _no_noise)
    torch.testing.assert_close(ended, x, rtol=1e-3, atol=1e-3)


def test_ddim_with_all_its_noise_and_steps_is_ancestral_sampling():
    start = _normal(0)()
    ancestral = _sample(PosteriorSampler(SCHEDULE), start, _normal(1))
    stochastic = _sample(DDIMSampler(SCHEDULE, 200, eta=1.0), start, _normal(1))
    torch.testing.assert_close(stochastic, ancestral, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 3, 10, 25, 50, 200])
def test_ddim_timesteps_go_evenly_from_all_noise_to_none(steps):
    timesteps = DDIMSampler(SCHEDULE, steps).timesteps()
    assert (timesteps[0], timesteps[-1], len(timesteps)) == (200, 0, steps + 1)
    gaps = -torch.tensor(timesteps).diff()
    assert gaps.max() - gaps.min() <= 1 and gaps.min() >= 1


def test_ddim_cannot_take_more_steps_than_there_are():
    with pytest.raises(ValueError, match="201 steps for 200 timesteps"):
        DDIMSampler(SCHEDULE, 201).timesteps()


@pytest.mark.parametrize(
    ("time_unit", "told"), [(1.0, [200, 150, 100, 50]), (1 / 200, [1, 0.75, 0.5, 0.25])]
)
def test_the_network_is_told_t_in_its_own_unit(time_unit, told):
    seen = []

    def predict(x, t):
        seen.append(float(t[0]))
        return torch.zeros_like(x)

    sampler = DDIMSampler(SCHEDULE, 4, time_unit=time_unit)
    _sample(sampler, torch.zeros(1, 1, 2, 2), _no_noise, predict)
    assert seen == pytest.approx(told)


@pytest.mark.parametrize(
    "sampler", [AncestralSampler(noise_schedule("linear", 7)), PosteriorSampler(SCHEDULE)]
)
def test_no_noise_is_added_on_the_last_step(sampler):
    draws = []

    def draw():
        draws.append(1)
        return torch.zeros(1, 1, 2, 2)

    _sample(sampler, torch.zeros(1, 1, 2, 2), draw, lambda x, t: x)
    assert len(draws) == sampler.num_steps - 1
