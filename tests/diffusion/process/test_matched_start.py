"""What is drawn for each image, the moments that it leaves, and the start that matches them."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.process.augmentation import every_shift, mirror, random_flip, random_shift
from tasks.diffusion.process.gaussian_process import forward
from tasks.diffusion.process.matched_start import MatchedStart, Moments
from tasks.diffusion.process.noise_schedules import noise_schedule


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


BLACK = -1.0


def _ramps(count: int, side: int = 6) -> torch.Tensor:
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
    images = _ramps(7)
    each = [_scaled(shift, images.double()) for shift in every_shift(max_shift)]
    if horizontal_flip:
        each += [mirror(x) for x in each]
    found = Moments.of(images).augmented(max_shift, horizontal_flip, background=BLACK)
    _close(found, Moments.of(torch.cat(each)), atol=1e-6, rtol=0)


def test_they_are_those_of_what_the_trainer_draws():
    images = _ramps(5)
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
    moments = Moments.of(_ramps(7))
    assert moments.augmented(0, False, background=BLACK) is moments


def test_mirrored_twice_is_mirrored_once():
    once = Moments.of(_ramps(7)).augmented(0, True, background=BLACK)
    _close(once.augmented(0, True, background=BLACK), once)


SCHEDULE = noise_schedule("linear", 200)


def _images(count):
    """[count, 1, 4, 4]: one brightness an image, mean -0.5, and a little of its own a pixel."""
    generator = torch.Generator().manual_seed(0)
    brightness = torch.randn(count, 1, 1, 1, generator=generator) * 0.8 - 0.5
    return brightness + 0.1 * torch.randn(count, 1, 4, 4, generator=generator)


def test_draws_have_the_mean_and_covariance_of_noised_images():
    images = _images(40_000)
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(2, *images.shape, generator=generator)
    drawn = start(noise[0]).flatten(1)
    noised = forward(images, noise[1], SCHEDULE, 200).flatten(1)
    torch.testing.assert_close(drawn.mean(dim=0), noised.mean(dim=0), atol=0.02, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(noised.T), atol=0.05, rtol=0)


def test_draws_stay_near_the_noise_they_are_made_of():
    noise = torch.randn(500, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    drawn = MatchedStart.of(Moments.of(_images(1000)), SCHEDULE)(noise)
    correlation = torch.corrcoef(torch.stack([noise.flatten(), drawn.flatten()]))[0, 1]
    assert float(correlation) > 0.9


def test_images_that_are_noise_already_need_no_other_start():
    images = torch.randn(50_000, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    torch.testing.assert_close(start.root, torch.eye(4).double(), atol=0.01, rtol=0)
    assert start.divergence() == pytest.approx(0, abs=1e-3)


def test_divergence_of_one_pixel_is_the_formula():
    # KL(N(m, v), N(0, 1)) = (v + m^2 - 1 - log v) / 2.
    images = torch.tensor([-1.0, -0.2]).view(2, 1, 1, 1)
    alpha_bar = float(SCHEDULE.alpha_bar[-1])
    mean, variance = alpha_bar**0.5 * -0.6, alpha_bar * 0.16 + 1 - alpha_bar
    expected = (variance + mean**2 - 1 - torch.tensor(variance).log()) / 2
    start = MatchedStart.of(Moments.of(images), SCHEDULE)
    assert start.divergence() == pytest.approx(float(expected), rel=1e-5)
