from __future__ import annotations

import numpy as np
import pytest

from tasks.figures.resample import area_weights, seen_at, to_pixels


def noise(size=64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)


def test_multiple_of_the_width_gives_equal_squares():
    picture = noise(8)
    assert (seen_at(picture, 24) == picture.repeat(3, 0).repeat(3, 1)).all()


def test_half_the_width_gives_the_mean_of_each_four_pixels():
    picture = noise(8)
    mean = picture.reshape(4, 2, 4, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(seen_at(picture, 4) - mean).max() <= 0.5


@pytest.mark.parametrize("width", [15, 45, 7])
def test_any_width_is_the_mean_of_the_area_covered(width):
    picture = noise(16)
    # Both widths divide the fine grid, on which means are plain.
    fine = picture.repeat(width, 0).repeat(width, 1).astype(float)
    mean = fine.reshape(width, 16, width, 16, 3).mean(axis=(1, 3))
    assert np.abs(seen_at(picture, width) - mean).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(("count", "wanted"), [(64, 60), (64, 180), (5, 5), (3, 1)])
def test_weights_share_out_every_interval_once(count, wanted):
    weights = area_weights(count, wanted)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights.sum(axis=0), wanted / count)


def test_far_away_only_coarse_structure_is_left():
    assert seen_at(noise(), 8).std() < noise().std() / 4


def test_pixels_run_from_minus_one_to_one_and_what_lies_beyond_is_cut():
    image = np.array([-2.0, -1.0, 0.0, 1.0, 3.0]).reshape(1, 1, 5).repeat(3, 0)
    assert to_pixels(image)[0, :, 0].tolist() == [0, 0, 128, 255, 255]
