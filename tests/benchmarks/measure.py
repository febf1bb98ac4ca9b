"""Timing side by side: variants take turns, and medians are compared."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

OVER = "over the limit"
"""Said of what is measured and ought to be less."""


@dataclass(frozen=True)
class Measurement:
    """name: what ran. rate: median of `rates`, in `unit`. others: what else each run measured."""

    name: str
    unit: str
    rates: list[float]
    others: list[Mapping[str, float]]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def other(self, name: str) -> float:
        """Median of what else was measured."""
        return statistics.median(each[name] for each in self.others)


@dataclass(frozen=True)
class Done:
    """size: of the work. others: column of the table to what it measured besides."""

    size: float
    others: Mapping[str, float] = field(default_factory=dict)


Work = Callable[[], float | Done]
"""Does a piece of work and returns its size, perhaps with what else it measured."""


def take_turns(variants: dict[str, Work], unit: str, repeats: int) -> list[Measurement]:
    """Run every variant `repeats` times, in turn, each time in a process of its own.

    A variant is a function of a module, or functools.partial of one. Each process does the work
    once to warm up and once on the clock. Taking turns spreads the noise of the machine over all;
    processes keep one variant's settings, such as those of malloc, from the others.
    """
    measured = {name: Measurement(name, unit, [], []) for name in variants}
    for _ in range(repeats):
        for name, work in variants.items():
            with get_context("spawn").Pool(1) as pool:
                rate, others = pool.apply(_rate, (work,))
            measured[name].rates.append(rate)
            measured[name].others.append(others)
    return list(measured.values())


def _rate(work: Work) -> tuple[float, Mapping[str, float]]:
    work()
    started = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - started
    if not isinstance(done, Done):
        done = Done(done)
    return done.size / seconds, done.others


def peak_memory_mib() -> float:
    """Of this process. What getrusage tells begins with the peak of the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


def table(measurements: list[Measurement]) -> str:
    """Markdown: each variant's median, its range, its ratio to the first, what else it measured."""
    first = measurements[0]
    columns = list(first.others[0])
    lines = [
        _line("variant", f"{first.unit}, median", "range", "runs", "ratio", *columns),
        f"|---{'|---:' * (4 + len(columns))}|",
    ]
    lines += [
        _line(
            m.name,
            f"{m.rate:.4g}",
            f"{min(m.rates):.4g} to {max(m.rates):.4g}",
            str(len(m.rates)),
            f"{m.rate / first.rate:.2f}",
            *(f"{m.other(column):.4g}" for column in columns),
        )
        for m in measurements
    ]
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
