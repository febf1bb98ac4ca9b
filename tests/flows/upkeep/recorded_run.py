"""Runs recorded from plans, without running anything."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.plan.plan import Plan
from tasks.store.node import key_of_run
from tasks.store.row import Row
from tasks.store.store import Store
from tests.report.made_up_run import picture

HOUR = 3600.0
WEEK = 7 * 24 * HOUR


def ago(seconds: float) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds")


def record_made(
    store: Store, plan: Plan, *, age: float = 10 * HOUR, metrics: Mapping[str, float] | None = None
) -> None:
    """Everything that the plan misses, recorded `age` seconds ago."""
    for planned in plan.nodes:
        if planned.is_hit:
            continue
        objects = {
            "image.png": store.put_object(picture(int(planned.key[:8], 16)), "png"),
            "notes.txt": store.put_object(planned.key.encode(), "txt"),
        }
        store.record(
            Row(
                key=planned.key,
                name=planned.name,
                kind=planned.node.kind,
                identity=planned.identity.to_json(),
                params=dict(planned.node.params),
                inputs=dict(planned.identity.inputs),
                objects=objects,
                info={"width": 120, "height": 80, "alt": f"A picture of {planned.name}."},
                metrics=dict(metrics or {}),
                seconds=1.0,
                run_id="maker",
                created_at=ago(age),
            )
        )


def record_run(
    store: Store,
    plan: Plan,
    run_id: str,
    *,
    age: float = 10 * HOUR,
    failed: Mapping[str, str] | None = None,
) -> Row:
    """The run's row with its layout. failed: node name to error."""
    layout: dict[str, Any] = {
        **plan.layout,
        "run_id": run_id,
        "started_at": ago(age + 60),
        "finished_at": ago(age),
        "seconds": 60.0,
        "host": "somewhere",
        "versions": {"numpy": "2.4.6"},
        "git_commit": "c0ffee" * 6 + "cafe",
        "git_dirty": False,
        "nodes": [
            dict(node, status="failed", error=failed[node["name"]])
            if failed and node["name"] in failed
            else dict(node, status="done")
            for node in plan.layout["nodes"]
        ],
    }
    row = Row(
        key=key_of_run(run_id),
        name=f"run/{plan.pipeline}",
        kind="run",
        params={"pipeline": plan.pipeline, "profile": plan.profile},
        objects={"layout.json": store.put_object(json.dumps(layout).encode(), "json")},
        seconds=60.0,
        run_id=run_id,
        created_at=ago(age),
    )
    store.record(row)
    return row


def make_files_old(store: Store, age: float = 10 * HOUR) -> None:
    """As if everything in the store had been written `age` seconds ago."""
    moment = time.time() - age
    # Folders after what is in them, whose change would make them young again.
    for path in [*Path(store.address).rglob("*")][::-1]:
        os.utime(path, (moment, moment))


def objects_in(store: Store) -> set[str]:
    """Paths below the store."""
    root = Path(store.address)
    return {str(path.relative_to(root)) for path in root.glob("objects/*/*")}


def files_of_store(store: Store) -> dict[str, bytes]:
    """Everything but locks."""
    root = Path(store.address)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != "locks"
    }
