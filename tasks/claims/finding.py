"""What the check of a claim found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tasks.store.node import JSON

HOLDS = "holds"
FAILS = "does not hold here"
NOT_MEASURABLE = "not measurable here"
VERDICTS = (HOLDS, FAILS, NOT_MEASURABLE)


class NotMeasurable(Exception):
    """The evidence does not decide the claim; the message says what it lacks."""


@dataclass(frozen=True)
class Interval:
    """Of a bootstrap. of: what lies in it. level: such as 0.95. seed: of the resampling."""

    of: str
    low: float
    high: float
    level: float
    resamples: int
    seed: int


@dataclass(frozen=True)
class Finding:
    """because: a sentence with what was measured. numbers: name to value, the telling ones first.
    seeds: how many different seeds the measured pictures come from; a model is trained from one.
    measured: rows of all that was measured, each with the same columns."""

    holds: bool
    because: str
    numbers: Mapping[str, float]
    seeds: int = 1
    intervals: Sequence[Interval] = ()
    measured: Sequence[Mapping[str, JSON]] = field(default_factory=tuple)

    @property
    def verdict(self) -> str:
        return HOLDS if self.holds else FAILS


def listed(values: Iterable[object]) -> str:
    """Values in a sentence: "1, 2, 3"."""
    return ", ".join(map(str, values))
