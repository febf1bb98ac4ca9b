"""Schedules read from a scheduler's configuration."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler

from tasks import BadInput
from tasks.diffusion.trajectories.diffusion_schedule import CLEAN, DiffusionSchedule, forward
from tests.diffusion.miniature import SCHEDULER_CONFIG

IF = DiffusionSchedule.from_config(SCHEDULER_CONFIG)


@pytest.mark.parametrize(
    ("t", "alpha_bar"), [(240, 0.85698), (390, 0.66082), (690, 0.21452), (990, 1.967e-4)]
)
def test_alpha_bar_of_if_has_its_known_values(t, alpha_bar):
    assert float(IF.alpha_bar_at(torch.tensor([t]))) == pytest.approx(alpha_bar, rel=3e-4)


def test_alpha_bar_of_the_clean_picture_is_one():
    assert IF.alpha_bar_at(torch.tensor([CLEAN, 0])).flatten().tolist() == [
        1.0,
        float(IF.alpha_bar[0]),
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
    torch.testing.assert_close(DiffusionSchedule.from_config(config).alpha_bar, IF.alpha_bar)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_class_name", "DDIMScheduler"),
        ("prediction_type", "v_prediction"),
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
    x_t = forward(IF, x_0, torch.tensor([990, 390, 240]), noise)
    for row, alpha_bar in enumerate([1.967e-4, 0.66082, 0.85698]):
        expected = alpha_bar**0.5 * x_0[row] + (1 - alpha_bar) ** 0.5 * noise[row]
        torch.testing.assert_close(x_t[row], expected, rtol=1e-3, atol=1e-4)


def test_forward_to_clean_is_the_picture_itself():
    x_0, noise = torch.randn(2, 1, 3, 4, 4)
    assert torch.equal(forward(IF, x_0, torch.tensor([CLEAN]), noise), x_0)
