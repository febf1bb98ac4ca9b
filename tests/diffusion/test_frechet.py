"""Frechet distance against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tasks.diffusion.measures import Gaussian, frechet_distance


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
