"""The linear schedule of the course's DDPM."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.noise_schedules import linear_schedule


@pytest.mark.parametrize(("t", "alpha_bar"), [(1, 0.9999), (150, 0.46705), (300, 0.048058)])
def test_alpha_bar_has_its_known_values(t, alpha_bar):
    assert float(linear_schedule(300).alpha_bar[t]) == pytest.approx(alpha_bar, rel=1e-4)


def test_index_zero_is_the_clean_image():
    schedule = linear_schedule(300)
    assert float(schedule.beta[0]) == 0
    assert float(schedule.alpha_bar[0]) == 1
    assert schedule.num_timesteps == 300


def test_variance_is_preserved_step_by_step():
    # x_t = sqrt(alpha) x + sqrt(beta) eps keeps unit variance, and so does the closed form.
    schedule = linear_schedule(50)
    torch.testing.assert_close(schedule.alpha + schedule.beta, torch.ones(51).double())
    variance = torch.tensor(0.25, dtype=torch.float64)
    for t in range(1, 51):
        variance = schedule.alpha[t] * variance + schedule.beta[t]
    closed = schedule.alpha_bar[50] * 0.25 + 1 - schedule.alpha_bar[50]
    assert float(variance) == pytest.approx(float(closed), rel=1e-5)
