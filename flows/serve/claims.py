"""Claims of a write-up that held in the run before and do not in this one, told to the webhook.

A run records them as `claims` of its layout, {write-up: {claim: verdict}}. A claim that was not
checked, or could not be measured, is compared with the last run that decided it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flows.run.run import Run
from flows.run.run_record import KIND, LAYOUT
from flows.serve.report_address import report_address
from flows.serve.webhook import MAX_NODES, is_declared, post_declared
from tasks.claims.finding import FAILS, HOLDS
from tasks.store.node import key_of_run
from tasks.store.row import Row
from tasks.store.store import Store

MAX_RUNS_READ = 10
"""How far to look back for one that decided a claim."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoppedClaim:
    """writeup, claim: their ids, as recorded. held_in: the run in which it last held."""

    writeup: str
    claim: str
    held_in: str


def stopped_claims(
    now: Mapping[str, Any], before: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[StoppedClaim]:
    """Those that fail in the layout `now` and held when they were last decided.

    before: earlier runs, newest first, by id and layout; read no further than is needed. A layout
    without claims, or with something else in their place, decides none.
    """
    open_names = sorted(name for name, verdict in _verdicts(now).items() if verdict == FAILS)
    stopped = []
    for run_id, layout in before if open_names else ():
        earlier = _verdicts(layout)
        decided = [name for name in open_names if earlier.get(name) in (HOLDS, FAILS)]
        stopped += [StoppedClaim(*name, run_id) for name in decided if earlier[name] == HOLDS]
        open_names = [name for name in open_names if name not in decided]
        if not open_names:
            break
    return sorted(stopped, key=lambda claim: (claim.writeup, claim.claim))


def tell_stopped_claims(run: Run) -> None:
    """If claims stopped holding with this run, as it is recorded, say which. Never raises."""
    if not is_declared():
        return
    try:
        stopped = _since_earlier_runs(run.store, key_of_run(run.id))
    except Exception:
        _log.warning("claims of run %s could not be compared", run.id, exc_info=True)
        return
    if stopped:
        post_declared(
            {
                "pipeline": run.plan.pipeline,
                "profile": run.plan.profile,
                "run_id": run.id,
                "status": "claims stopped holding",
                "claims": [asdict(claim) for claim in stopped[:MAX_NODES]],
                "claims_count": len(stopped),
                "report": report_address(run.request),
            }
        )


def _since_earlier_runs(store: Store, key: str) -> list[StoppedClaim]:
    """Against those of the same pipeline, profile and model."""
    this = store.find(key, KIND)
    if this is None:
        return []
    like = [row for row in store.rows().of_kind(KIND) if row.key != key and _same(row, this)]
    earlier = _newest_first(like)[:MAX_RUNS_READ]
    return stopped_claims(
        _layout(store, this), ((row.run_id, _layout(store, row)) for row in earlier)
    )


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
        (str(writeup), str(claim)): verdict
        for writeup, claims in writeups.items()
        if isinstance(claims, Mapping)
        for claim, verdict in claims.items()
        if isinstance(verdict, str)
    }
