"""Timing side by side: variants take turns in one process, and medians are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """name: what ran. rate: median of `rates`, in `unit`."""

    name: str
    unit: str
    rates: list[float]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def take_turns(
    variants: dict[str, Callable[[], float]], unit: str, repeats: int
) -> list[Measurement]:
    """Run every variant `repeats` times, in turn, after one warm-up each.

    A variant does a piece of work and returns its size; its rate is size over seconds. Taking
    turns spreads the noise of the machine over all of them.
    """
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 1):
        for name, run in variants.items():
            started = time.perf_counter()
            size = run()
            if turn:
                rates[name].append(size / (time.perf_counter() - started))
    return [Measurement(name, unit, values) for name, values in rates.items()]


def table(measurements: list[Measurement]) -> str:
    """Markdown: each variant's median, its range, and its ratio to the first."""
    first = measurements[0].rate
    lines = [
        f"| variant | {measurements[0].unit}, median | range | runs | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {m.name} | {m.rate:.4g} | {min(m.rates):.4g} to {max(m.rates):.4g} "
        f"| {len(m.rates)} | {m.rate / first:.2f} |"
        for m in measurements
    ]
    return "\n".join(lines)
