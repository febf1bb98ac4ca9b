"""Combinations beside the plain mean: unit variance, turns, weights, and which tries go on."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.illusions import (
    alternating,
    correlations,
    one_estimate,
    rescaled_mean,
    survivors,
    visibility_weights,
)


def estimates(rho: float, n: int = 2) -> torch.Tensor:
    """Unit normal estimates whose pairs correlate by rho, [n, 3, 3, 64, 64]."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(1, 3, 3, 64, 64, generator=generator)
    own = torch.randn(n, 3, 3, 64, 64, generator=generator)
    return rho**0.5 * shared + (1 - rho) ** 0.5 * own


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("n", [2, 3])
def test_the_rescaled_mean_has_unit_variance_whatever_the_correlation(rho: float, n: int) -> None:
    eps = estimates(rho, n)
    assert eps.mean(0).std() == pytest.approx(((1 + (n - 1) * rho) / n) ** 0.5, rel=0.02)
    assert rescaled_mean(eps).std() == pytest.approx(1.0, rel=0.02)


def test_of_estimates_that_agree_it_is_the_mean() -> None:
    one = estimates(0.0)[0]
    torch.testing.assert_close(rescaled_mean(torch.stack([one, one])), one)


def test_weights_lean_the_mean_and_leave_its_variance() -> None:
    eps = estimates(0.0)
    leaned = rescaled_mean(eps, torch.tensor([0.9, 0.1]))
    assert leaned.std() == pytest.approx(1.0, rel=0.02)
    both = correlations(torch.stack([leaned, *eps]))[:, 0, 1:]
    assert (both[:, 0] > 3 * both[:, 1]).all()
    each = rescaled_mean(eps, torch.tensor([[1.0, 0], [0, 1.0], [1.0, 0]]))
    torch.testing.assert_close(each[1], eps[1, 1], rtol=1e-3, atol=1e-3)


def test_opposite_estimates_leave_a_finite_picture() -> None:
    one = estimates(0.0)[0]
    assert rescaled_mean(torch.stack([one, -one])).isfinite().all()


def test_correlations_are_those_of_the_values() -> None:
    rho = correlations(estimates(0.5))
    assert rho.shape == (3, 2, 2)
    assert rho[:, 0, 1].mean() == pytest.approx(0.5, abs=0.02)
    torch.testing.assert_close(rho.diagonal(dim1=1, dim2=2), torch.ones(3, 2))


def test_views_take_turns() -> None:
    eps = estimates(0.0, 3)
    assert [int((alternating(eps, k) == eps).flatten(1).all(1).nonzero()) for k in range(4)] == [
        0, 1, 2, 0,
    ]  # fmt: skip


def test_the_prompt_seen_least_weighs_most() -> None:
    fits = torch.tensor([[0.9, 0.1], [0.5, 0.5]])
    weights = visibility_weights(fits, 2.0)
    assert weights[0, 1] > weights[0, 0]
    assert weights[1].tolist() == [0.5, 0.5]
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert visibility_weights(fits, 0.0)[0].tolist() == [0.5, 0.5]


def test_the_best_tries_go_on_in_their_order() -> None:
    assert survivors([0.1, 0.9, 0.5, 0.9], 2) == [1, 3]
    assert survivors([0.3, 0.3, 0.3], 1) == [0]
    with pytest.raises(ValueError, match="expected 1 to 2"):
        survivors([0.1, 0.2], 3)


def test_the_rule_by_visibility_favours_the_prompt_that_asks_for_more() -> None:
    eps = estimates(0.0)[:, 0]
    leaned = one_estimate("by_visibility", eps, torch.tensor([2.0, 1.0]), 0)
    assert leaned.std() == pytest.approx(1.0, rel=0.02)
    both = correlations(torch.stack([leaned, *eps])[:, None])[0, 0, 1:]
    assert both[0] > 2 * both[1]


def test_without_guidance_no_prompt_is_favoured() -> None:
    eps = estimates(0.0)[:, 0]
    torch.testing.assert_close(
        one_estimate("by_visibility", eps, torch.zeros(2), 3),
        one_estimate("rescaled", eps, torch.zeros(2), 3),
    )
