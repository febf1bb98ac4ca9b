"""What a run leaves: one row of the manifest with the layout that the report is built from, how its
claims came out, and that report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.run.run import Run
from flows.run.run_request import RunRequest
from tasks.claims.finding import VERDICTS
from tasks.running.progress import stop_requested
from tasks.store.row import Row, later_than, parse_time, utc_now
from tasks.store.store import Store

KIND = "run"
LAYOUT = "layout.json"

MAX_NEW_PLANS = 3
"""How often a run goes back for inputs that turn out damaged; more means a failing disk."""

MAX_PARTS = 500
"""Parts of the manifest above which they are folded into one file: a plan reads each of them."""

Verdicts = dict[str, dict[str, str | None]]
"""Write-up to claim to one of VERDICTS; None for one that this run did not come to check."""

NOT_CHECKED = "not checked"

_OF_THIS_RUN_ALONE = ("run_id", "started_at", "finished_at", "seconds", "host", "versions")
_OF_THE_CODE = ("git_commit", "git_dirty")


def run_to_end(run: Run, do: Callable[[], None]) -> None:
    """Do the run, record it whatever happens, and go back for inputs that were lost on the way."""
    try:
        do()
        for _ in range(MAX_NEW_PLANS):
            if not run.lost_inputs or stop_requested():
                break
            run.plan_again()
            if run.is_stopping:
                break
            do()
    finally:
        if run.growth is not None:
            run.growth.end()
        record_run(run)
        run.store.compact_beyond(MAX_PARTS)


def record_run(run: Run) -> None:
    """Write the run's row, or write it again with what has changed since."""
    layout = layout_of(run)
    data = json.dumps(layout, sort_keys=True, indent=1, ensure_ascii=False).encode()
    reference = run.store.put_object(data, "json")
    parts = [part["pipeline"] for part in layout.get("parts") or ()]
    run.store.record(
        Row(
            key=hashlib.sha256(run.id.encode()).hexdigest(),
            name=f"run/{run.plan.pipeline}",
            kind=KIND,
            params={
                "pipeline": run.plan.pipeline,
                "profile": run.plan.profile,
                "backend": (layout["backend"] or {}).get("name"),
                "fingerprint": fingerprint(layout),
                **({"parts": parts} if parts else {}),
            },
            objects={LAYOUT: reference},
            device=run.settings.device,
            number_format=layout["number_format"],
            seconds=layout["seconds"],
            git_commit=run.settings.git_commit,
            git_dirty=run.settings.git_dirty,
            versions=run.settings.versions,
            host=run.settings.host,
            run_id=run.id,
            created_at=_after_other_runs(run.store),
        )
    )


def _after_other_runs(store: Store) -> str:
    """Now, or just after the newest run: a clock that was set back must not make this one old."""
    newest = max((row.created for row in store.rows().of_kind(KIND)), default=None)
    now = utc_now()
    return now if newest is None or newest < parse_time(now) else later_than(newest)


def layout_of(run: Run) -> dict[str, Any]:
    """The plan's layout with what became of each node and claim."""
    finished_at = datetime.now(UTC)
    nodes = []
    for node in run.plan.nodes:
        outcome = run.outcome(node)
        nodes.append(
            {
                "name": node.name,
                "kind": node.node.kind,
                "key": node.key,
                "status": outcome.status,
                "error": outcome.error,
                "seconds": outcome.seconds,
                "inputs": dict(node.node.inputs),
            }
        )
    return {
        **run.plan.layout,
        "run_id": run.id,
        "started_at": run.started_at.isoformat(timespec="microseconds"),
        "finished_at": finished_at.isoformat(timespec="microseconds"),
        "seconds": run.seconds,
        "device": run.settings.device,
        "host": run.settings.host,
        "versions": dict(run.settings.versions),
        "git_commit": run.settings.git_commit,
        "git_dirty": run.settings.git_dirty,
        "overrides": list(run.request.overrides),
        "nodes": nodes,
        "claims": verdicts_of(run),
    }


def fingerprint(layout: dict[str, Any]) -> str:
    """Equal for two runs whose reports show the same: what was made, not when or by which run.

    A node that was computed and one that was found in the store count as the same.
    """
    shown = {
        name: value
        for name, value in layout.items()
        if name not in _OF_THIS_RUN_ALONE + _OF_THE_CODE
    }
    shown["nodes"] = [
        {"name": n["name"], "key": n["key"], "is_there": n["status"] in ("done", "cached")}
        for n in layout["nodes"]
    ]
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def recorded_since(run: Run) -> datetime | None:
    """When the pipeline's newest run was recorded, if it shows what this one would; else None."""
    newest = newest_run(run.store, run.plan.pipeline)
    if newest is None or newest.params.get("fingerprint") != fingerprint(layout_of(run)):
        return None
    if run.store.missing_object(newest) is not None:
        return None
    return datetime.fromisoformat(newest.created_at)


def newest_run(store: Store, pipeline: str) -> Row | None:
    runs = store.rows().of_kind(KIND)
    ours = [row for row in runs if row.params.get("pipeline") == pipeline]
    return max(ours, key=lambda row: row.created_at, default=None)


def verdicts_of(run: Run) -> Verdicts:
    """Of every claim in the run's plan, as the store records them."""
    planned = [node for node in run.plan.nodes if node.node.kind == "claim"]
    made = [node for node in planned if run.outcome(node).status in ("done", "cached")]
    rows = {node.key: node.row for node in made if node.is_hit and node.row is not None}
    if len(rows) < len(made):
        rows = run.store.rows().select([node.key for node in made])
    verdicts: Verdicts = {}
    for node in planned:
        _, writeup, claim_id = node.name.split("/")
        row = rows.get(node.key)
        found = verdicts.setdefault(writeup, {})
        found[claim_id] = None if row is None else row.info.get("verdict")
    return verdicts


def claims_line(verdicts: Mapping[str, Mapping[str, str | None]]) -> str | None:
    """ "claims: 19 hold, 2 do not hold here", in the order of VERDICTS; None if there are none."""
    counts = Counter(
        verdict or NOT_CHECKED for found in verdicts.values() for verdict in found.values()
    )
    if not counts:
        return None
    words = dict(zip(VERDICTS, ("hold", "do not hold here", "not measurable here"), strict=True))
    told = [
        f"{counts[verdict]} {words.get(verdict, verdict)}"
        for verdict in (*VERDICTS, NOT_CHECKED)
        if counts[verdict]
    ]
    return f"claims: {', '.join(told)}"


def report_page(request: RunRequest) -> Path:
    """The page to open."""
    return request.report_path / "index.html"


def render(request: RunRequest) -> Path:
    """Build the report of every pipeline the store has a run of; returns its page."""
    from tasks.report.build import build_report

    page = build_report(Store.open(request.store, create=False), request.report_path)
    # Files that would not change are left alone; this one's time says when that was last checked.
    page.touch()
    return page


def is_rendered(request: RunRequest, since: datetime) -> bool:
    """Whether the report was built after `since`."""
    try:
        built_at = report_page(request).stat().st_mtime
    except OSError:
        return False
    return built_at >= since.timestamp()
