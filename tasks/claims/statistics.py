"""Statistics of claims: order, rank correlation, bootstrap intervals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.claims.finding import Interval

LEVEL = 0.95
RESAMPLES = 2000


def falls_strictly(values: Sequence[float]) -> bool:
    return all(later < earlier for earlier, later in pairwise(values))


def rises_strictly(values: Sequence[float]) -> bool:
    return all(later > earlier for earlier, later in pairwise(values))


def never_rises(values: Sequence[float]) -> bool:
    return all(later <= earlier for earlier, later in pairwise(values))


def mean(values: Sequence[float]) -> float:
    return float(np.mean(np.asarray(values, np.float64)))


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's: the correlation of ranks, ties sharing theirs. 0 where one does not vary."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (x, y)]
    centred = [r - r.mean() for r in ranks]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return 0.0 if scale == 0 else float((centred[0] * centred[1]).sum()) / scale


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])


def bootstrap(
    of: str,
    samples: Sequence[NDArray[Any]],
    statistic: Callable[..., float],
    seed: int,
    *uses: str,
    resamples: int = RESAMPLES,
) -> Interval:
    """The percentile interval of `statistic` at LEVEL (Efron and Tibshirani 1993, chapter 13).

    of: what lies in it. samples: each drawn from anew, with replacement, along its first axis,
    independently of the others; `statistic` takes as many arrays. uses: names of the generator, so
    that each use of a seed has its own; `of` by default.
    """
    generator = np.random.default_rng([seed, *(zlib.crc32(use.encode()) for use in uses or (of,))])
    values = [
        statistic(*(s[generator.integers(len(s), size=len(s))] for s in samples))
        for _ in range(resamples)
    ]
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(of, float(low), float(high), LEVEL, resamples, seed)
