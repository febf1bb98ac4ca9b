"""The second stage; that it equals diffusers' is in test_engine_parity.py."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tasks import BadInput
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import combination_from_params
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.diffusion.views import view_from_params
from tests.diffusion.trajectories.miniature import (
    LARGE_SIZE,
    SCHEDULE,
    as_engine_unet,
    make_trajectory,
    picture,
    prompt,
    stage_two_model,
    views,
)

PICTURE = picture(0)
UNET = as_engine_unet(stage_two_model())


def _item(*prompts, image=PICTURE, noise_level=50, **fields):
    fields = {"name": "large", "guidance_scale": 4.0, **fields}
    return enlarging(make_trajectory(*prompts, **fields), image, noise_level, SCHEDULE, LARGE_SIZE)


def _sample(items, unet=UNET, max_rows=8):
    return sample(unet, SCHEDULE, items, size=LARGE_SIZE, max_rows=max_rows)


class Recording:
    def __init__(self):
        self.calls = []

    def __call__(self, x, t, prompt_embeds, class_labels):
        self.calls.append((x, t, prompt_embeds, class_labels))
        return UNET(x, t, prompt_embeds, class_labels)


def test_the_network_sees_the_enlarged_picture_with_a_little_noise():
    recording = Recording()
    _sample([_item()], recording)
    enlarged = F.interpolate(
        picture(0)[None], (LARGE_SIZE, LARGE_SIZE), mode="bilinear", align_corners=True
    )
    alpha_bar = float(SCHEDULE.alpha_bar[50])
    for x, _, _, _ in recording.calls:
        noise = (x[:, 3:] - alpha_bar**0.5 * enlarged) / (1 - alpha_bar) ** 0.5
        assert float(noise.std()) == pytest.approx(1, abs=0.05)
        # One noise for the whole trajectory.
        torch.testing.assert_close(x[:, 3:], recording.calls[0][0][:1, 3:].expand_as(x[:, 3:]))


def test_the_class_label_of_each_row_is_its_noise_level():
    recording = Recording()
    _sample([_item(), _item(1, name="other", noise_level=250)], recording)
    for _, _, prompt_embeds, class_labels in recording.calls:
        levels = {
            float(embeds.sum()): int(label)
            for embeds, label in zip(prompt_embeds, class_labels, strict=True)
        }
        assert levels[float(prompt(0).sum())] == 50
        assert levels[float(prompt(1).sum())] == 250


@pytest.mark.parametrize("name", ["flip", "negate", "rotate_90_cw", "skew"])
def test_a_view_is_of_the_noisy_picture_and_its_condition_together(name):
    recording = Recording()
    combination = combination_from_params(views("identity", name), LARGE_SIZE)
    _sample([_item(0, 1, combination=combination)], recording)
    view = view_from_params({"name": name}, LARGE_SIZE)
    for x, _, prompt_embeds, _ in recording.calls:
        # Rows: prompt 0 upright, prompt 1 in the view; then without a prompt, upright and in it.
        assert torch.equal(prompt_embeds[1], prompt(1))
        for row in (1, 3):
            assert torch.equal(x[row], view.apply(x[row - 1]))


def test_upscaling_does_not_depend_on_the_batch():
    items = [_item(), _item(name="other", seed=1, image=picture(1))]
    together = _sample(items)
    for item, result in zip(items, together, strict=True):
        (alone,) = _sample([item], max_rows=1)
        torch.testing.assert_close(result.image, alone.image, rtol=0, atol=1e-3)


@pytest.mark.parametrize("noise_level", [-1, 1000])
def test_an_impossible_noise_level_is_refused(noise_level):
    with pytest.raises(BadInput, match=r"large has noise_level .*; expected 0 to 999"):
        _item(noise_level=noise_level)
