"""Distances of pictures and of sets of them, and the seam of an inpainting."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tasks import BadInput
from tasks.diffusion.measures import (
    Gaussian,
    frechet_distance,
    kept_difference,
    psnr,
    root_mean_square_distance,
    seam_score,
)

MASK = torch.zeros(1, 32, 32)
MASK[:, 8:24, 8:24] = 1


def _smooth(seed=0):
    row = torch.linspace(-0.8, 0.8, 32)
    noise = 0.02 * torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(seed))
    return row[None, :, None] * row + noise


def test_psnr_has_its_formula_over_the_range_of_two():
    clean = torch.zeros(1, 3, 8, 8)
    assert float(psnr(clean + 0.1, clean)) == pytest.approx(20 * math.log10(2 / 0.1))


def test_psnr_is_of_pictures_as_they_are_shown():
    clean = torch.ones(1, 3, 8, 8)
    assert float(psnr(clean + 5, clean)) == math.inf


def test_psnr_is_of_each_picture():
    clean = torch.zeros(2, 3, 8, 8)
    first, second = psnr(clean + torch.tensor([0.1, 0.2])[:, None, None, None], clean).tolist()
    assert first - second == pytest.approx(20 * math.log10(2))


def test_root_mean_square_distance():
    assert root_mean_square_distance(torch.zeros(3, 4, 4), torch.full((3, 4, 4), -0.5)) == 0.5


def test_kept_difference_counts_only_what_was_to_be_kept():
    original = _smooth()
    changed = original + MASK
    assert kept_difference(changed, original, MASK) == 0
    changed[0, 0, 0] += 2 / 127.5
    assert kept_difference(changed, original, MASK) == pytest.approx(2, rel=1e-3)


def test_a_picture_without_a_seam_scores_about_one():
    assert seam_score(_smooth(), MASK) == pytest.approx(1, abs=0.25)


def test_a_visible_seam_scores_more_the_more_it_shows():
    scores = [seam_score(_smooth() + step * MASK, MASK) for step in (0, 0.1, 0.5)]
    assert scores[0] < scores[1] < scores[2]
    assert scores[2] > 5


def test_rough_filling_does_not_hide_a_seam():
    rough = 0.3 * torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(1)) * MASK
    assert seam_score(_smooth() + rough, MASK) > 1.2


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_without_an_edge_is_refused(value):
    with pytest.raises(BadInput, match="draw a smaller mask"):
        seam_score(_smooth(), torch.full((1, 32, 32), value))


def _random_gaussian(seed: int, size: int = 6) -> Gaussian:
    generator = torch.Generator().manual_seed(seed)
    return Gaussian.fit(
        torch.randn(50, size, generator=generator) @ torch.randn(size, size, generator=generator)
        + torch.randn(size, generator=generator)
    )


def test_distance_to_itself_is_zero():
    p = _random_gaussian(0)
    assert frechet_distance(p, p) == pytest.approx(0, abs=1e-9)


def test_shifted_mean_adds_its_square():
    p = _random_gaussian(0)
    q = Gaussian(p.mean + 0.5, p.covariance)
    assert frechet_distance(p, q) == pytest.approx(6 * 0.25)


def test_diagonal_covariances_have_a_closed_form():
    a, b = torch.tensor([1.0, 4.0, 9.0]).double(), torch.tensor([4.0, 4.0, 1.0]).double()
    p, q = (Gaussian(torch.zeros(3).double(), torch.diag(v)) for v in (a, b))
    assert frechet_distance(p, q) == pytest.approx(float((a.sqrt() - b.sqrt()).square().sum()))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_distance_equals_scipy_and_is_symmetric(first, second):
    p, q = _random_gaussian(first), _random_gaussian(second)
    cross = np.real(sqrtm(p.covariance.numpy() @ q.covariance.numpy()))
    expected = float(
        (p.mean - q.mean).square().sum() + p.covariance.trace() + q.covariance.trace()
    ) - 2 * float(np.trace(cross))
    assert frechet_distance(p, q) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert frechet_distance(p, q) == pytest.approx(frechet_distance(q, p), rel=1e-6, abs=1e-6)


def test_fewer_samples_than_dimensions_still_give_a_finite_distance():
    few = Gaussian.fit(torch.randn(3, 6, generator=torch.Generator().manual_seed(0)))
    assert np.isfinite(frechet_distance(few, _random_gaussian(1)))


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="two samples"):
        Gaussian.fit(torch.zeros(1, 6))
