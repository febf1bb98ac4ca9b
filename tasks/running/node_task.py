"""The one Prefect task of every node: run the step, show it as Cached or with its progress."""

from __future__ import annotations

import functools
import re
import time
from typing import Any, Literal, TypedDict, cast
from uuid import UUID

from prefect import task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed

from tasks import StepCancelled
from tasks.running.progress import BUS, Event, about_left
from tasks.running.remote_worker import as_worker
from tasks.running.run_step import Reference, RunSettings, StepNode, run_step
from tasks.store.store import Store

SECONDS_BEFORE_ARTIFACT = 2.0
"""A step that ends sooner needs no progress bar in Prefect's interface."""

SECONDS_BETWEEN_UPDATES = 1.0


class Made(TypedDict):
    """What a task hands back. artifact: the key of its row.

    No name in it is one of StepNode's: Prefect follows results by their address in memory, Python
    keeps equal names once, and the interface would show edges between tasks that share nothing.
    """

    artifact: str
    status: Literal["cached", "done"]
    seconds: float


# The manifest is the cache. Tensors would hash differently in each process, so nothing but plain
# values goes in and out, and Prefect keeps no results of its own.
@task(
    name="node",
    task_run_name="{node[name]}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=0,
)
def do_node(node: StepNode, settings: dict[str, Any]) -> Made | State[Any]:
    """Where the node's artifact is, in a state named Cached if it was there before.

    settings: RunSettings as JSON.
    """
    # Nothing else here: a cluster sends the function of a task by its content, with all it names.
    return _do_node(node, settings)


def _do_node(node: StepNode, settings: dict[str, Any]) -> Made | State[Any]:
    run = RunSettings.from_json(settings)
    try:
        run, should_stop = as_worker(run, [node])
        with BUS.subscribed(ProgressArtifact(node["name"])):
            reference = run_step(node, open_store(run.store), run, should_stop)
    except StepCancelled as cancelled:
        return Cancelled(message=str(cancelled))
    made = made_of(reference)
    if made["status"] == "cached":
        message = f"in the store as {made['artifact'][:12]}"
        return Completed(name="Cached", message=message, data=made)
    return made


def made_of(reference: Reference) -> Made:
    return Made(artifact=reference["key"], status=reference["status"], seconds=reference["seconds"])


@functools.lru_cache(maxsize=4)
def open_store(address: str) -> Store:
    """The store at `address`, opened once a process."""
    return Store.open(address)


class ProgressArtifact:
    """Shows the progress of one node in Prefect, once it lasts, at most once a second.

    Called in the thread of the task, whose context names the task run.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._artifact: UUID | None = None
        self._started = time.monotonic()
        self._updated = 0.0

    def __call__(self, event: Event) -> None:
        if event.name != self._name:
            return
        now = time.monotonic()
        if event.what == "started":
            self._started = now
        elif event.what == "progress" and event.total > 0:
            is_due = now - self._updated >= SECONDS_BETWEEN_UPDATES
            if is_due and now - self._started >= SECONDS_BEFORE_ARTIFACT:
                left = about_left(event.done, event.total, now - self._started)
                message = "; ".join(text for text in (event.message, left) if text)
                self._show(100 * event.done / event.total, message)
                self._updated = time.monotonic()
        elif event.what == "finished" and self._artifact is not None:
            self._show(100.0, f"done in {event.seconds:.0f} s")

    def _show(self, percent: float, message: str) -> None:
        description = f"{self._name}: {message}" if message else self._name
        if self._artifact is None:
            key = re.sub(r"[^a-z0-9]+", "-", f"progress-{self._name.lower()}").strip("-")
            created = create_progress_artifact(percent, key=key, description=description)
            # Its annotation allows a coroutine too, which only async callers get.
            self._artifact = cast(UUID, created)
        else:
            update_progress_artifact(self._artifact, percent, description=description)
