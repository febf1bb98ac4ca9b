"""How long a step will take, from how long steps of its kind took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from tasks.running.kinds import KINDS
from tasks.store.node import JSON, Node
from tasks.store.row import Row

MAX_ROWS = 9
"""Newest rows that count: enough to shrug off an outlier, few enough to follow a change."""


class Estimator:
    """Predicts seconds from the manifest's rows, those made on `device` in `number_format` only
    where a kind runs on the accelerator, and by the same model where one is loaded."""

    def __init__(self, rows: Iterable[Row], device: str, number_format: str) -> None:
        alike: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            kind = KINDS.get(row.kind)
            if kind is None or row.work <= 0 or row.seconds < 0:
                continue
            here = (row.device, row.number_format) == (device, number_format)
            if here or not kind.uses_accelerator:
                alike.setdefault(_group(row.kind, row.params), []).append(row)
        self._seconds_per_work = {group: _median_rate(rows) for group, rows in alike.items()}

    def seconds(self, node: Node) -> float | None:
        """None where nothing of this kind was made here before."""
        rate = self._seconds_per_work.get(_group(node.kind, node.params))
        return None if rate is None else rate * node.work


def _group(kind: str, params: Mapping[str, JSON]) -> tuple[str, str]:
    """What steps must have in common to tell of each other: the kind, and the loaded model."""
    model = params.get("model")
    return kind, model["address"] if isinstance(model, Mapping) else ""


def _median_rate(rows: list[Row]) -> float:
    newest = sorted(rows, key=lambda row: row.created_at, reverse=True)[:MAX_ROWS]
    return statistics.median(row.seconds / row.work for row in newest)
