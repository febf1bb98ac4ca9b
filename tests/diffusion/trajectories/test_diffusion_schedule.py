"""Schedules read from a scheduler's configuration: alpha_bar, timesteps, thresholds."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.diffusion.trajectories.diffusion_schedule import (
    CLEAN,
    DiffusionSchedule,
    DynamicThreshold,
    FixedClip,
    TimestepSpacing,
    forward,
    quantile,
    strided_timesteps,
)
from tests.diffusion.trajectories.miniature import SCHEDULE, SCHEDULER_CONFIG, scheduler


@pytest.mark.parametrize(
    ("t", "alpha_bar"), [(240, 0.85698), (390, 0.66082), (690, 0.21452), (990, 1.967e-4)]
)
def test_alpha_bar_of_if_has_its_known_values(t, alpha_bar):
    assert float(SCHEDULE.alpha_bar_at(torch.tensor([t]))) == pytest.approx(alpha_bar, rel=3e-4)


def test_alpha_bar_of_the_clean_picture_is_one():
    assert SCHEDULE.alpha_bar_at(torch.tensor([CLEAN, 0])).flatten().tolist() == [
        1.0,
        float(SCHEDULE.alpha_bar[0]),
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"beta_schedule": "squaredcos_cap_v2"},
        {"beta_schedule": "linear"},
        {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
        {"beta_schedule": "sigmoid", "num_train_timesteps": 300},
        {"trained_betas": [0.1, 0.2, 0.3]},
        {},
    ],
    ids=str,
)
def test_alpha_bar_equals_that_of_diffusers(config):
    theirs = DDPMScheduler(**config).alphas_cumprod
    ours = DiffusionSchedule.from_config(config).alpha_bar
    assert ours.dtype == torch.float64
    torch.testing.assert_close(ours.float(), theirs, rtol=1e-4, atol=0)


def test_a_loaded_scheduler_config_is_read():
    config = DDPMScheduler(**SCHEDULER_CONFIG).config
    torch.testing.assert_close(DiffusionSchedule.from_config(config).alpha_bar, SCHEDULE.alpha_bar)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_class_name", "DDIMScheduler"),
        ("prediction_type", "sample"),
        ("variance_type", "learned"),
        ("beta_schedule", "laplace"),
        ("rescale_betas_zero_snr", True),
    ],
)
def test_a_scheduler_the_engine_would_sample_wrongly_is_refused(key, value):
    with pytest.raises(BadInput, match=rf"scheduler_config.json: {key} is .* expected"):
        DiffusionSchedule.from_config({**SCHEDULER_CONFIG, key: value})


def test_forward_is_the_formula_row_by_row():
    x_0, noise = torch.randn(2, 3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    x_t = forward(SCHEDULE, x_0, torch.tensor([990, 390, 240]), noise)
    for row, alpha_bar in enumerate([1.967e-4, 0.66082, 0.85698]):
        expected = alpha_bar**0.5 * x_0[row] + (1 - alpha_bar) ** 0.5 * noise[row]
        torch.testing.assert_close(x_t[row], expected, rtol=1e-3, atol=1e-4)


def test_forward_to_clean_is_the_picture_itself():
    x_0, noise = torch.randn(2, 1, 3, 4, 4)
    assert torch.equal(forward(SCHEDULE, x_0, torch.tensor([CLEAN]), noise), x_0)


def test_the_write_ups_stride_has_34_timesteps():
    timesteps = strided_timesteps(990, 30)
    assert len(timesteps) == 34
    assert timesteps[:2] == (990, 960)
    assert timesteps[-2:] == (30, 0)
    assert timesteps[10] == 690


def test_a_stride_that_misses_zero_stops_above_it():
    assert strided_timesteps(10, 4) == (10, 6, 2)


@settings(deadline=None)
@given(
    num_inference_steps=st.integers(1, 1000),
    kind=st.sampled_from(["leading", "linspace", "trailing"]),
    steps_offset=st.integers(0, 1),
)
def test_spaced_timesteps_are_those_of_diffusers(num_inference_steps, kind, steps_offset):
    theirs = DDPMScheduler(timestep_spacing=kind, steps_offset=steps_offset)
    theirs.set_timesteps(num_inference_steps)
    ours = TimestepSpacing(1000, kind, steps_offset).timesteps(num_inference_steps)
    assert list(ours) == theirs.timesteps.tolist()


@pytest.mark.parametrize("num_inference_steps", [0, 1001])
def test_an_impossible_number_of_steps_is_refused(num_inference_steps):
    with pytest.raises(BadInput, match="expected 1 to 1000"):
        TimestepSpacing(1000).timesteps(num_inference_steps)


def test_an_unknown_spacing_is_refused():
    with pytest.raises(BadInput, match="timestep_spacing is 'even'"):
        TimestepSpacing(1000, "even").timesteps(10)


def test_a_stride_of_zero_is_refused():
    with pytest.raises(BadInput, match="stride >= 1"):
        strided_timesteps(990, 0)


@settings(deadline=None)
@given(
    ratio=st.floats(0, 1, width=32),
    length=st.integers(1, 300),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 1000),
)
def test_quantile_equals_that_of_torch(ratio, length, scale, seed):
    values = scale * torch.rand(2, length, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(quantile(values, ratio), torch.quantile(values, ratio, dim=1))


@pytest.mark.parametrize("spread", [0.3, 1.0, 1.3, 5.0])
@pytest.mark.parametrize("max_value", [1.0, 1.5])
def test_dynamic_threshold_equals_that_of_diffusers(spread, max_value):
    x_0 = spread * torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    theirs = scheduler(sample_max_value=max_value)._threshold_sample(x_0)
    torch.testing.assert_close(DynamicThreshold(0.95, max_value)(x_0), theirs, rtol=0, atol=0)


def test_each_picture_has_its_own_threshold():
    small, large = torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), 1.4)
    limited = DynamicThreshold(0.95, 1.5)(torch.cat([small, large]))
    assert torch.equal(limited[0], small[0])
    assert limited[1].eq(1).all()


def test_fixed_clip_is_a_clip():
    assert FixedClip(0.5)(torch.tensor([-2.0, 0.1, 2.0])).tolist() == pytest.approx(
        [-0.5, 0.1, 0.5]
    )
