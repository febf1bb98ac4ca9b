"""Moments of augmented images, against every augmented image and against a large sample."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.augmentation import every_shift, mirror, random_flip, random_shift
from tasks.diffusion.process.matched_start import Moments

BLACK = -1.0


def _images(count: int, side: int = 6) -> torch.Tensor:
    """[count, 1, side, side] in [-1, 1], brighter to the right, each pixel on its own."""
    generator = torch.Generator().manual_seed(0)
    ramp = torch.linspace(0, 1, side)
    return 2 * ramp * torch.rand(count, 1, side, side, generator=generator) - 1


def _scaled(augmented_from_zero, images):
    """The trainer augments images in [0, 1] and then scales them to [-1, 1]."""
    return 2 * augmented_from_zero((images + 1) / 2) - 1


def _close(found: Moments, expected: Moments, **tolerance: float) -> None:
    torch.testing.assert_close(found.mean, expected.mean, **tolerance)
    torch.testing.assert_close(found.covariance, expected.covariance, **tolerance)


@pytest.mark.parametrize("max_shift", [0, 1, 2])
@pytest.mark.parametrize("horizontal_flip", [False, True])
def test_they_are_those_of_every_augmented_image(max_shift, horizontal_flip):
    images = _images(7)
    each = [_scaled(shift, images.double()) for shift in every_shift(max_shift)]
    if horizontal_flip:
        each += [mirror(x) for x in each]
    found = Moments.of(images).augmented(max_shift, horizontal_flip, background=BLACK)
    _close(found, Moments.of(torch.cat(each)), atol=1e-6, rtol=0)


def test_they_are_those_of_what_the_trainer_draws():
    images = _images(5)
    generator = torch.Generator().manual_seed(1)

    def drawn(x):
        return random_flip(random_shift(x, 1, generator), generator)

    sample = _scaled(drawn, images.repeat(40_000, 1, 1, 1))
    found = Moments.of(images).augmented(1, True, background=BLACK)
    _close(found, Moments.of(sample), atol=0.01, rtol=0)
    # Which tells them from those of the images as they are, and from a half of the augmentation.
    for less in (Moments.of(images), Moments.of(images).augmented(1, False, BLACK)):
        assert float((less.covariance - found.covariance).abs().max()) > 0.1


def test_without_augmentation_they_stay_what_they_are():
    moments = Moments.of(_images(7))
    assert moments.augmented(0, False, background=BLACK) is moments


def test_mirrored_twice_is_mirrored_once():
    once = Moments.of(_images(7)).augmented(0, True, background=BLACK)
    _close(once.augmented(0, True, background=BLACK), once)
