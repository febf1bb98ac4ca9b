"""The four schedules of the annotated write-up against their formulas and known values."""

from __future__ import annotations

import math

import pytest
import torch

from tasks.diffusion.process.noise_schedules import MAX_BETA, noise_schedule, signal_to_noise

NAMES = ("linear", "cosine", "quadratic", "sigmoid")


# Of the annotated write-up, which counts from 0 where t counts from 1, and of the course.
@pytest.mark.parametrize(
    ("num_timesteps", "t", "alpha_bar"),
    [
        *[(200, 2, 0.9997), (200, 51, 0.8756), (200, 151, 0.3155), (200, 200, 0.1322)],
        *[(300, 1, 0.9999), (300, 150, 0.46705), (300, 300, 0.048058)],
    ],
)
def test_linear_alpha_bar_has_its_known_values(num_timesteps, t, alpha_bar):
    schedule = noise_schedule("linear", num_timesteps)
    assert float(schedule.alpha_bar[t]) == pytest.approx(alpha_bar, abs=5e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("num_timesteps", [2, 50, 200, 1000])
def test_noise_only_grows(name, num_timesteps):
    schedule = noise_schedule(name, num_timesteps)
    assert schedule.num_timesteps == num_timesteps
    assert ((schedule.beta[1:] > 0) & (schedule.beta[1:] < 1)).all()
    assert (schedule.alpha_bar.diff() < 0).all()
    assert float(schedule.alpha_bar[0]) == 1 and float(schedule.beta[0]) == 0


@pytest.mark.parametrize("name", ("linear", "quadratic"))
def test_betas_run_from_start_to_end(name):
    beta = noise_schedule(name, 200, 1e-4, 0.02).beta
    assert float(beta[1]) == pytest.approx(1e-4)
    assert float(beta[-1]) == pytest.approx(0.02)


def test_quadratic_roots_are_evenly_spaced():
    steps = noise_schedule("quadratic", 200).beta[1:].sqrt().diff()
    torch.testing.assert_close(steps, steps[:1].expand_as(steps))


def test_sigmoid_is_symmetric_about_the_middle_of_its_range():
    beta = noise_schedule("sigmoid", 201, 1e-4, 0.02).beta[1:]
    torch.testing.assert_close(beta + beta.flip(0), torch.full_like(beta, 0.0201))
    assert float(beta[0]) == pytest.approx(1e-4 + 0.0199 / (1 + math.exp(6)))


def test_cosine_alpha_bar_is_its_closed_form():
    def f(t: float) -> float:
        return math.cos(math.pi / 2 * (t / 200 + 0.008) / 1.008) ** 2

    schedule = noise_schedule("cosine", 200)
    for t in (1, 50, 100, 199):
        assert float(schedule.alpha_bar[t]) == pytest.approx(f(t) / f(0))
    # The formula ends at 0; the cut keeps a trace of the image.
    assert float(schedule.beta[200]) == MAX_BETA
    assert 0 < float(schedule.alpha_bar[200]) < 1e-7


def test_terminal_signal_to_noise_of_the_short_linear_schedules():
    assert float(signal_to_noise(noise_schedule("linear", 200))[-1]) == pytest.approx(
        0.1322 / 0.8678, rel=1e-3
    )
    assert float(signal_to_noise(noise_schedule("linear", 300))[-1]) == pytest.approx(
        0.048058 / 0.951942, rel=1e-4
    )
