"""Statistics of claims against values worked out by hand, or by another library."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.claims.finding import Interval
from tasks.claims.statistics import (
    bootstrap,
    falls_strictly,
    never_rises,
    rank_correlation,
    rises_strictly,
)


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_spearmans(seed: int) -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(seed)
    # Few levels, so that there are ties.
    x, y = rng.integers(0, 5, 12), rng.integers(0, 5, 12)
    assert rank_correlation(list(x), list(y)) == pytest.approx(spearmanr(x, y).statistic)


def test_what_does_not_vary_correlates_with_nothing() -> None:
    assert rank_correlation([1, 2, 3], [4, 4, 4]) == 0


def test_bootstrap_interval_of_a_mean_has_the_normal_width() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap("the mean", [values], lambda x: float(x.mean()), 0)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)
    assert found.low < values.mean() < found.high


def test_bootstrap_repeats_by_its_seed_and_name() -> None:
    values = np.random.default_rng(1).normal(size=20)

    def interval(*uses: str) -> Interval:
        return bootstrap("it", [values], lambda x: float(x.mean()), 0, *uses, resamples=50)

    assert interval("a") == interval("a") != interval("b")


def test_orders_count_equal_values_as_neither_rise_nor_fall() -> None:
    assert never_rises([2, 2, 1]) and not falls_strictly([2, 2, 1])
    assert rises_strictly([1, 2, 3]) and not rises_strictly([1, 2, 2])
