"""Scores of how well pictures fit prompts."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.measures import illusion_scores
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.one_step import TIMESTEPS, alignment_scores
from tests.diffusion.miniature import SCHEDULER_CONFIG, SIZE, picture, prompt

SCHEDULE = DiffusionSchedule.from_config(SCHEDULER_CONFIG)
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


def test_pictures_of_the_size_of_the_model_are_scored():
    assert PICTURES.shape[-1] == SIZE
    assert _scores().isfinite().all()
