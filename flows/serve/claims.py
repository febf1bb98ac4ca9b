"""Claims of a write-up that held in the run before and do not in this one, told to the webhook.

A run may record, as `claims` of its layout, what it measured of each claim of each write-up:
{write-up: {claim: verdict}}.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flows.run import Run
from flows.run_record import KIND, LAYOUT
from flows.serve.report_address import report_address
from flows.serve.webhook import MAX_NODES, is_declared, post_declared
from tasks.store.names import key_of_run
from tasks.store.row import Row
from tasks.store.store import Store

HOLDS = "holds"
FAILS = "does not hold here"
"""Verdicts. Any other, such as "not measurable here", says neither."""

MAX_RUNS_READ = 10
"""How far to look back for one that recorded claims."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoppedClaim:
    """writeup, claim: their ids, as recorded. before, now: the verdicts."""

    writeup: str
    claim: str
    before: str
    now: str


def stopped_claims(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[StoppedClaim]:
    """Those that held in the layout `before` and fail in `now`, by write-up and claim.

    A layout without claims, or with something else in their place, has none.
    """
    earlier, later = _verdicts(before), _verdicts(now)
    return [
        StoppedClaim(*name, before=HOLDS, now=FAILS)
        for name in sorted(later)
        if later[name] == FAILS and earlier.get(name) == HOLDS
    ]


def tell_stopped_claims(run: Run) -> None:
    """If claims stopped holding with this run, as it is recorded, say which. Never raises."""
    if not is_declared():
        return
    try:
        found = _since_the_run_before(run.store, key_of_run(run.id))
    except Exception:
        _log.warning("claims of run %s could not be compared", run.id, exc_info=True)
        return
    if found is None or not found[1]:
        return
    previous, stopped = found
    post_declared(
        {
            "pipeline": run.plan.pipeline,
            "profile": run.plan.profile,
            "run_id": run.id,
            "status": "claims stopped holding",
            "claims": [asdict(claim) for claim in stopped[:MAX_NODES]],
            "claims_count": len(stopped),
            "previous_run_id": previous.run_id,
            "report": report_address(run.request),
        }
    )


def _since_the_run_before(store: Store, key: str) -> tuple[Row, list[StoppedClaim]] | None:
    """The run before of the same pipeline, profile and model, and what has stopped since."""
    this = store.find(key, KIND)
    if this is None or not _verdicts(layout := _layout(store, this)):
        return None
    like = [row for row in store.rows().of_kind(KIND) if row.key != key and _same(row, this)]
    for row in _newest_first(like)[:MAX_RUNS_READ]:
        before = _layout(store, row)
        if _verdicts(before):
            return row, stopped_claims(before, layout)
    return None


def _same(row: Row, other: Row) -> bool:
    names = ("pipeline", "profile", "backend")
    return all(row.params.get(name) == other.params.get(name) for name in names)


def _newest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.age_order, reverse=True)


def _layout(store: Store, row: Row) -> dict[str, Any]:
    content = json.loads(store.read_object(row.objects[LAYOUT]))
    return content if isinstance(content, dict) else {}


def _verdicts(layout: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """By write-up and claim."""
    writeups = layout.get("claims")
    if not isinstance(writeups, Mapping):
        return {}
    return {
        (str(writeup), str(claim)): str(verdict)
        for writeup, claims in writeups.items()
        if isinstance(claims, Mapping)
        for claim, verdict in claims.items()
    }
