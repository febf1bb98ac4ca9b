"""The losses that a training left in the store."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.store.row import Row
from tasks.store.store import Store

LOSS_LOG = "loss.parquet"


@dataclass(frozen=True)
class LossLog:
    """In the order of training. steps: of each loss, from 1, counted on from phase to phase.
    parts: the epoch of each loss (int, from 1), or the phase (str) where a training has phases."""

    steps: Sequence[int]
    losses: Sequence[float]
    parts: Sequence[int | str]

    def of_epoch(self, epoch: int) -> tuple[int, float] | None:
        """The last step of an epoch and the mean loss over the whole of it; None for one that has
        none."""
        found = [place for place, part in enumerate(self.parts) if part == epoch]
        if not found:
            return None
        mean = sum(self.losses[place] for place in found) / len(found)
        return self.steps[found[-1]], mean


def read_loss_log(row: Row, store: Store) -> LossLog | None:
    """None where the training recorded no losses. Raises CorruptArtifact where they cannot be had,
    KeyError or ValueError where they are of another shape."""
    import pyarrow.parquet as pq

    reference = row.objects.get(LOSS_LOG)
    if reference is None:
        return None
    table = pq.read_table(io.BytesIO(store.read_object(reference))).to_pydict()
    parts = table["phase"] if "phase" in table else table["epoch"]
    return LossLog(_counted_on(table["step"], parts), table["loss"], parts)


def _counted_on(steps: Sequence[int], parts: Sequence[int | str]) -> list[int]:
    """Each phase counts from 1 again; epochs do not."""
    counted: list[int] = []
    before = 0
    for place, step in enumerate(steps):
        is_restart = place > 0 and parts[place] != parts[place - 1] and step <= steps[place - 1]
        before = counted[-1] if is_restart else before
        counted.append(before + step)
    return counted
