"""What is drawn for each image, and that all of it is enumerated."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.augmentation import every_shift, random_flip, random_shift


def test_shift_moves_whole_pixels_and_fills_with_background():
    x = torch.zeros(200, 1, 28, 28)
    x[:, 0, 14, 14] = 1
    shifted = random_shift(x, 2, torch.Generator().manual_seed(0))
    positions = shifted[:, 0].flatten(1).argmax(dim=1)
    offsets = {(int(p) // 28 - 14, int(p) % 28 - 14) for p in positions}
    assert torch.equal(shifted.sum(dim=(1, 2, 3)), torch.ones(200))
    assert offsets == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}


def test_half_of_the_images_are_mirrored():
    x = torch.zeros(400, 1, 28, 28)
    x[:, 0, 5, 3] = 1
    flipped = random_flip(x, torch.Generator().manual_seed(0))
    columns = flipped[:, 0, 5].argmax(dim=1)
    assert set(columns.tolist()) == {3, 24}
    assert float((columns == 24).float().mean()) == pytest.approx(0.5, abs=0.08)


def test_every_shift_is_what_is_drawn_each_once():
    images = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    drawn = random_shift(images.expand(2000, 1, 5, 5), 2, torch.Generator().manual_seed(0))
    listed = torch.cat([shift(images) for shift in every_shift(2)])
    assert len(listed) == len(listed.unique(dim=0)) == 25
    assert torch.equal(listed.unique(dim=0), drawn.unique(dim=0))
