"""`darkroom pin` and `unpin`: runs that clean-up keeps, whatever comes after them."""

from __future__ import annotations

from flows.upkeep.recorded_runs import choose_run, pipeline_of
from tasks import BadInput
from tasks.store.row import Row, utc_now
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep


def pin_run(store: Store, wanted: str, pipeline: str | None = None) -> Row:
    """Pin a run (named as for choose_run) and return its row. Pinning again changes nothing."""
    row = choose_run(store.rows(), wanted, pipeline)
    note = {"run_id": row.run_id, "pipeline": pipeline_of(row), "pinned_at": utc_now()}
    pins = Upkeep(store).pins
    if row.key not in pins.pinned():
        pins.add(row.key, note)
    return row


def unpin_run(store: Store, wanted: str, pipeline: str | None = None) -> Row:
    """Take a pin away. BadInput if the run is not pinned."""
    row = choose_run(store.rows(), wanted, pipeline)
    pins = Upkeep(store).pins
    if row.key not in pins.pinned():
        raise BadInput(f"run {row.run_id} of {pipeline_of(row)} is not pinned; see `darkroom runs`")
    pins.remove(row.key)
    return row
