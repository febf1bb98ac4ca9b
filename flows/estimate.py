"""How long a step will take, from how long steps of its kind took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from tasks.kinds import KINDS
from tasks.store.node import Node
from tasks.store.row import Row

MAX_ROWS = 9
"""Newest rows that count: enough to shrug off an outlier, few enough to follow a change."""


class Estimator:
    """Predicts seconds from the manifest's rows, those made on `device` in `number_format` only
    where a kind runs on the accelerator."""

    def __init__(self, rows: Iterable[Row], device: str, number_format: str) -> None:
        by_kind: dict[str, list[Row]] = {}
        for row in rows:
            kind = KINDS.get(row.kind)
            if kind is None or row.work <= 0 or row.seconds < 0:
                continue
            here = (row.device, row.number_format) == (device, number_format)
            if here or not kind.uses_accelerator:
                by_kind.setdefault(row.kind, []).append(row)
        self._seconds_per_work = {kind: _median_rate(rows) for kind, rows in by_kind.items()}

    def seconds(self, node: Node) -> float | None:
        """None where nothing of this kind was made here before."""
        rate = self._seconds_per_work.get(node.kind)
        return None if rate is None else rate * node.work


def _median_rate(rows: list[Row]) -> float:
    newest = sorted(rows, key=lambda row: row.created_at, reverse=True)[:MAX_ROWS]
    return statistics.median(row.seconds / row.work for row in newest)
