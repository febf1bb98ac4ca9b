"""One-step estimates of clean pictures."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.trajectories.one_step import one_step_estimate, predicted_noise
from tests.diffusion.miniature import (
    SCHEDULER_CONFIG,
    as_engine_unet,
    picture,
    prompt,
    scheduler,
    stage_one_model,
)

SCHEDULE = DiffusionSchedule.from_config(SCHEDULER_CONFIG)
UNET = as_engine_unet(stage_one_model())
TIMESTEPS = torch.tensor([250, 500, 750])


def _noisy():
    clean = picture(0).expand(3, -1, -1, -1)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    return clean, noise, forward(SCHEDULE, clean, TIMESTEPS, noise)


def _estimate(unet, noisy, **options):
    options = {"guidance_scale": 1.0, "max_rows": 8, **options}
    return one_step_estimate(unet, SCHEDULE, noisy, TIMESTEPS, prompt(0), prompt(9), **options)


def test_a_network_that_knows_the_noise_recovers_the_picture():
    clean, noise, noisy = _noisy()
    estimate = _estimate(lambda x, t, p: torch.cat([noise, noise], dim=1), noisy)
    torch.testing.assert_close(estimate, clean, rtol=0, atol=1e-4)


def test_the_estimate_is_that_of_diffusers_scheduler():
    _, _, noisy = _noisy()
    theirs = scheduler(thresholding=False, clip_sample=True)
    for i, t in enumerate(TIMESTEPS.tolist()):
        output = UNET(noisy[i : i + 1], TIMESTEPS[i : i + 1], prompt(0)[None])
        expected = theirs.step(output, t, noisy[i : i + 1]).pred_original_sample
        estimate = _estimate(UNET, noisy)[i : i + 1]
        torch.testing.assert_close(estimate, expected, rtol=0, atol=1e-4)


def test_guidance_is_the_formula():
    _, _, noisy = _noisy()
    eps_c = predicted_noise(UNET, noisy, TIMESTEPS, prompt(0), max_rows=8)
    eps_u = predicted_noise(UNET, noisy, TIMESTEPS, prompt(9), max_rows=8)
    alpha_bar = SCHEDULE.alpha_bar[TIMESTEPS].float()[:, None, None, None]
    eps = eps_u + 7 * (eps_c - eps_u)
    expected = ((noisy - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()).clamp(-1, 1)
    guided = _estimate(UNET, noisy, guidance_scale=7.0)
    torch.testing.assert_close(guided, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("max_rows", [1, 2])
def test_the_estimate_does_not_depend_on_the_batch(max_rows):
    _, _, noisy = _noisy()
    torch.testing.assert_close(
        _estimate(UNET, noisy, max_rows=max_rows), _estimate(UNET, noisy), rtol=0, atol=1e-4
    )


def test_guidance_without_an_unconditional_prompt_is_refused():
    _, _, noisy = _noisy()
    with pytest.raises(ValueError, match="needs negative_embeds"):
        one_step_estimate(
            UNET, SCHEDULE, noisy, TIMESTEPS, prompt(0), guidance_scale=7.0, max_rows=8
        )
