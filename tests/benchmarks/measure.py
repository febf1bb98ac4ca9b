"""Timing side by side: variants take turns, and medians are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context


@dataclass(frozen=True)
class Measurement:
    """name: what ran. rate: median of `rates`, in `unit`."""

    name: str
    unit: str
    rates: list[float]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


Work = Callable[[], float]
"""Does a piece of work and returns its size."""


def take_turns(variants: dict[str, Work], unit: str, repeats: int) -> list[Measurement]:
    """Run every variant `repeats` times, in turn, each time in a process of its own.

    A variant is a function of a module, or functools.partial of one. Each process does the work
    once to warm up and once on the clock. Taking turns spreads the noise of the machine over all;
    processes keep one variant's settings, such as those of malloc, from the others.
    """
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, work in variants.items():
            with get_context("spawn").Pool(1) as pool:
                rates[name].append(pool.apply(_rate, (work,)))
    return [Measurement(name, unit, values) for name, values in rates.items()]


def _rate(work: Work) -> float:
    work()
    started = time.perf_counter()
    size = work()
    return size / (time.perf_counter() - started)


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
