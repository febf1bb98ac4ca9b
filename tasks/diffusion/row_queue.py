"""Which trajectories' rows go into the next batch: full batches, and as few of them as possible.

The trajectory with most steps left goes first (Hu 1961: for chains of equal tasks no order needs
fewer batches), so that none is left to finish alone in small ones. A step too large for what is
left of a batch is cut, and its rest opens the next batch: at most one step is ever in pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Rows first..stop - 1 of a trajectory's current step; is_last if the step is then whole."""

    trajectory: int
    first: int
    stop: int
    is_last: bool


class RowQueue:
    """rows: how many a step of each trajectory needs; steps: how many it takes."""

    def __init__(self, rows: Sequence[int], steps: Sequence[int]) -> None:
        self._rows = list(rows)
        self._steps_left = list(steps)
        self._cut: Share | None = None

    def take(self, max_rows: int) -> list[Share]:
        """The next batch: max_rows rows, or all that can be computed now; empty at the end."""
        batch: list[Share] = []
        room = max_rows
        for trajectory, first in self._in_order():
            if room == 0:
                break
            stop = min(self._rows[trajectory], first + room)
            share = Share(trajectory, first, stop, is_last=stop == self._rows[trajectory])
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
        whole = sum(r * s for r, s in zip(self._rows, self._steps_left, strict=True))
        return whole - (self._cut.stop if self._cut is not None else 0)

    def _in_order(self) -> list[tuple[int, int]]:
        """Unfinished trajectories, each with its first row not yet computed."""
        waiting = [i for i, left in enumerate(self._steps_left) if left > 0]
        waiting.sort(key=lambda i: -self._steps_left[i])
        if self._cut is None:
            return [(i, 0) for i in waiting]
        cut = self._cut.trajectory
        return [(cut, self._cut.stop), *((i, 0) for i in waiting if i != cut)]
