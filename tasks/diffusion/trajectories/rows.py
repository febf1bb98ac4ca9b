"""Which rows a trajectory needs of the U-Net, and which of them go into the next batch.

A row is a picture seen through a view, a timestep and a prompt. A prompt needs its own row and,
while it is guided, the unconditional one in the same view: both estimates must be of the same
noise. Prompts that see the picture alike, as the components of a hybrid do, share the unconditional
row.

Batches are full, and as few as possible. The trajectory with most steps left goes first (Hu 1961:
for chains of equal tasks no order needs fewer batches), so that none is left to finish alone in
small ones. A step too large for what is left of a batch is cut, and its rest opens the next batch:
at most one step is ever in pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from tasks.diffusion.components import LinearMap
from tasks.diffusion.trajectories.trajectory import Trajectory
from tasks.diffusion.views import View

T = TypeVar("T")


class Ragged:
    """Numbers start[i], start[i] + 1, ... for each of N things that have a count each."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = np.array(counts, dtype=np.int64)
        self.start = np.concatenate([[0], self.counts.cumsum()]).astype(np.int64)

    @property
    def total(self) -> int:
        return int(self.start[-1])

    @property
    def owner(self) -> np.ndarray:
        """[total]: which thing each number belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def of(self, things: np.ndarray) -> np.ndarray:
        """All numbers of the given things, thing after thing."""
        return np.concatenate(
            [np.arange(self.start[i], self.start[i + 1]) for i in things] or [np.empty(0, np.int64)]
        )


def distinct(things: Iterable[T]) -> tuple[list[T], np.ndarray]:
    """The different objects among things, and for each thing the place of its own."""
    places: dict[int, int] = {}
    found: list[T] = []
    numbers = []
    for thing in things:
        if id(thing) not in places:
            places[id(thing)] = len(found)
            found.append(thing)
        numbers.append(places[id(thing)])
    return found, np.array(numbers, dtype=np.int64)


def rows_of(tensor: Tensor, index: np.ndarray) -> Tensor:
    """tensor[index], on the device of the tensor."""
    return tensor[torch.from_numpy(index).to(tensor.device)]


@dataclass(frozen=True, eq=False)
class Estimate:
    """What one prompt asks for: two rows by number (the same one twice if unguided)."""

    conditional: int
    unconditional: int
    map: LinearMap | None


@dataclass(frozen=True, eq=False)
class RowPlan:
    """rows: the view and the prompt of each; estimates: one a prompt. conditional: how many rows,
    the first, an unguided step needs; a guided one needs all."""

    rows: tuple[tuple[View | None, Tensor], ...]
    estimates: tuple[Estimate, ...]
    conditional: int

    def counts(self, trajectory: Trajectory) -> list[int]:
        """How many rows each of its steps needs."""
        is_guided = trajectory.combination.is_guided_at
        return [
            len(self.rows) if is_guided(t) else self.conditional
            for t in trajectory.visited_timesteps
        ]


def plan_rows(trajectory: Trajectory) -> RowPlan:
    """The rows of a guided step, those of an unguided one first."""
    rows: list[tuple[View | None, Tensor]] = []

    def row(view: View | None, embeds: Tensor) -> int:
        for number, (other_view, other_embeds) in enumerate(rows):
            if view is other_view and torch.equal(embeds, other_embeds):
                return number
        rows.append((view, embeds))
        return len(rows) - 1

    combination = trajectory.combination
    conditional = [
        row(v, e) for v, e in zip(combination.views, trajectory.prompt_embeds, strict=True)
    ]
    unconditional, count = conditional, len(rows)
    if trajectory.guidance_scale != 1 and trajectory.negative_embeds is not None:
        unconditional = [row(view, trajectory.negative_embeds) for view in combination.views]
    estimates = map(Estimate, conditional, unconditional, combination.maps)
    return RowPlan(tuple(rows), tuple(estimates), count)


@dataclass(frozen=True)
class Share:
    """Rows first..stop - 1 of a trajectory's current step; is_last if the step is then whole."""

    trajectory: int
    first: int
    stop: int
    is_last: bool


class RowQueue:
    """counts: for each trajectory, how many rows each of its steps needs."""

    def __init__(self, counts: Sequence[Sequence[int]]) -> None:
        self._counts = counts
        self._steps_left = [len(steps) for steps in counts]
        self._cut: Share | None = None

    def take(self, max_rows: int) -> list[Share]:
        """The next batch: max_rows rows, or all that can be computed now; empty at the end."""
        batch: list[Share] = []
        room = max_rows
        for trajectory, first in self._in_order():
            if room == 0:
                break
            count = self._counts[trajectory][-self._steps_left[trajectory]]
            stop = min(count, first + room)
            share = Share(trajectory, first, stop, is_last=stop == count)
            room -= stop - first
            batch.append(share)
        self._cut = batch[-1] if batch and not batch[-1].is_last else None
        for share in batch:
            if share.is_last:
                self._steps_left[share.trajectory] -= 1
        return batch

    def drop(self, trajectory: int) -> None:
        """Take no more rows of it."""
        self._steps_left[trajectory] = 0

    @property
    def rows_left(self) -> int:
        """Rows still to compute, in all steps of all trajectories."""
        left = zip(self._counts, self._steps_left, strict=True)
        whole = sum(sum(counts[len(counts) - steps :]) for counts, steps in left)
        return whole - (self._cut.stop if self._cut is not None else 0)

    def _in_order(self) -> list[tuple[int, int]]:
        """Unfinished trajectories, each with its first row not yet computed."""
        waiting = [i for i, left in enumerate(self._steps_left) if left > 0]
        waiting.sort(key=lambda i: -self._steps_left[i])
        if self._cut is None:
            return [(i, 0) for i in waiting]
        cut = self._cut.trajectory
        return [(cut, self._cut.stop), *((i, 0) for i in waiting if i != cut)]
