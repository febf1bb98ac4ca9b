"""A report of the runs with one text-to-image model alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.plan.plan import make_plan
from tasks import BadInput
from tasks.report.run_record import newest_runs
from tasks.store.row import Row
from tasks.store.store import Store
from tests.flows.backend_declaration import declared


def test_report_of_one_backend_alone_is_asked_for_by_name(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))

    def record(run_id: str, backend: str | None, created_at: str) -> None:
        layout = {
            **make_plan(declared(tmp_path), "first", None, None).layout,
            **{"run_id": run_id, "started_at": created_at, "finished_at": created_at},
            "seconds": 1.0,
            "backend": backend and {"name": backend, "title": backend.title()},
        }
        reference = store.put_object(json.dumps(layout).encode(), "json")
        store.record(
            Row(
                key=run_id * 64,
                name="run/first",
                kind="run",
                params={"backend": backend},
                objects={"layout.json": reference},
                run_id=run_id,
                created_at=created_at,
            )
        )

    record("a", "hub", "2026-01-01T00:00:00.000000+00:00")
    record("b", "local", "2026-01-02T00:00:00.000000+00:00")
    (any_run,), _ = newest_runs(store, store.rows(), None)
    (of_hub,), _ = newest_runs(store, store.rows(), None, "hub")
    assert (any_run.run_id, any_run.backend) == ("b", "Local")
    assert (of_hub.run_id, of_hub.backend) == ("a", "Hub")
    with pytest.raises(BadInput, match=r"no run with the model other \(there are some with hub"):
        newest_runs(store, store.rows(), None, "other")
