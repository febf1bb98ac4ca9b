"""One-step estimates of clean pictures, and scores of how well pictures fit prompts."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.measures import illusion_scores
from tasks.diffusion.trajectories.diffusion_schedule import forward
from tasks.diffusion.trajectories.one_step import (
    TIMESTEPS,
    alignment_scores,
    one_step_estimate,
    predicted_noise,
)
from tests.diffusion.trajectories.miniature import (
    SCHEDULE,
    as_engine_unet,
    picture,
    prompt,
    scheduler,
    stage_one_model,
)

UNET = as_engine_unet(stage_one_model())
AT = torch.tensor([250, 500, 750])


def _noisy():
    clean = picture(0).expand(3, -1, -1, -1)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    return clean, noise, forward(SCHEDULE, clean, AT, noise)


def _estimate(unet, noisy, **options):
    options = {"guidance_scale": 1.0, "max_rows": 8, **options}
    return one_step_estimate(unet, SCHEDULE, noisy, AT, prompt(0), prompt(9), **options)


def test_a_network_that_knows_the_noise_recovers_the_picture():
    clean, noise, noisy = _noisy()
    estimate = _estimate(lambda x, t, p: torch.cat([noise, noise], dim=1), noisy)
    torch.testing.assert_close(estimate, clean, rtol=0, atol=1e-4)


def test_the_estimate_is_that_of_diffusers_scheduler():
    _, _, noisy = _noisy()
    theirs = scheduler(thresholding=False, clip_sample=True)
    for i, t in enumerate(AT.tolist()):
        output = UNET(noisy[i : i + 1], AT[i : i + 1], prompt(0)[None])
        expected = theirs.step(output, t, noisy[i : i + 1]).pred_original_sample
        estimate = _estimate(UNET, noisy)[i : i + 1]
        torch.testing.assert_close(estimate, expected, rtol=0, atol=1e-4)


def test_guidance_is_the_formula():
    _, _, noisy = _noisy()
    eps_c = predicted_noise(UNET, noisy, AT, prompt(0), max_rows=8)
    eps_u = predicted_noise(UNET, noisy, AT, prompt(9), max_rows=8)
    alpha_bar = SCHEDULE.alpha_bar[AT].float()[:, None, None, None]
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
        one_step_estimate(UNET, SCHEDULE, noisy, AT, prompt(0), guidance_scale=7.0, max_rows=8)


PROMPTS = torch.stack([prompt(0), prompt(1)])
PICTURES = torch.stack([picture(0), picture(1)])


class Believer:
    """Finds the noise that would be there if the picture were the one its prompt stands for."""

    def __init__(self):
        self.rows = 0

    def __call__(self, x, t, prompt_embeds):
        self.rows += len(x)
        alpha_bar = SCHEDULE.alpha_bar_at(t).float()
        believed = torch.zeros_like(x)
        for embeds, image in zip(PROMPTS, PICTURES, strict=True):
            believed[(prompt_embeds == embeds).flatten(1).all(dim=1)] = image
        eps = (x - alpha_bar.sqrt() * believed) / (1 - alpha_bar).sqrt()
        return torch.cat([eps, eps], dim=1)


def _scores(pictures=PICTURES, unet=None, **options):
    options = {"seed": 0, "max_rows": 5, **options}
    return alignment_scores(unet or Believer(), SCHEDULE, pictures, PROMPTS, prompt(9), **options)


def test_each_picture_fits_its_own_prompt_best():
    scores = _scores()
    assert scores.shape == (2, 2)
    assert scores.argmax(dim=1).tolist() == [0, 1]
    assert scores.diagonal().gt(0).all()


def test_the_score_is_the_error_that_the_prompt_saves():
    # Without a prompt the believer expects grey, so its error is the picture over its noise.
    alpha_bar = SCHEDULE.alpha_bar[list(TIMESTEPS)]
    saved = (alpha_bar / (1 - alpha_bar)).mean() * PICTURES[0].double().square().mean()
    assert float(_scores()[0, 0]) == pytest.approx(float(saved), rel=1e-3)


def test_scores_do_not_depend_on_the_other_pictures_or_the_batch():
    torch.testing.assert_close(_scores(PICTURES[1:], max_rows=100), _scores()[1:])


def test_scores_come_from_their_seed():
    def noisy(x, t, prompt_embeds):
        return torch.cat([x * prompt_embeds.mean(dim=(1, 2))[:, None, None, None]] * 2, dim=1)

    assert torch.equal(_scores(unet=noisy), _scores(unet=noisy))
    assert not torch.equal(_scores(unet=noisy), _scores(unet=noisy, seed=1))


def test_the_unconditional_estimate_is_computed_once_for_all_prompts():
    believer = Believer()
    _scores(unet=believer)
    assert believer.rows == len(PICTURES) * (len(PROMPTS) + 1) * len(TIMESTEPS)


def test_alignment_is_the_worst_view_and_concealment_the_confusion():
    perfect = illusion_scores(torch.tensor([[5.0, -5.0], [-5.0, 4.0]]), temperature=0.1)
    assert perfect.alignment == 4
    assert perfect.concealment == pytest.approx(1)
    blind = illusion_scores(torch.ones(2, 2), temperature=0.1)
    assert blind.concealment == pytest.approx(0.5)
