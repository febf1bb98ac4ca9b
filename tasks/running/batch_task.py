"""The Prefect task of a batch: several nodes of one kind, computed by one call."""

from __future__ import annotations

from typing import Any, TypedDict

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from tasks import StepCancelled
from tasks.running.node_task import Made, ProgressArtifact, made_of, open_store
from tasks.running.progress import BUS
from tasks.running.remote_worker import as_worker
from tasks.running.run_batch import run_batch
from tasks.running.run_step import RunSettings, StepNode


class MadeTogether(TypedDict):
    """What the task hands back: how each node ended, in the order given.

    Errors travel as they are, pickled by a cluster: the flow tells what they mean.
    """

    ends: list[Made | Exception]


@task(
    name="batch",
    task_run_name="{batch}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=0,
)
def do_batch(batch: str, nodes: list[StepNode], settings: dict[str, Any]) -> State[Any]:
    """How each node ended: Cached if all were in the store, Failed if any failed.

    batch: its name. settings: RunSettings as JSON.
    """
    # Nothing else here: a cluster sends the function of a task by its content, with all it names.
    return _do_batch(batch, nodes, settings)


def _do_batch(batch: str, nodes: list[StepNode], settings: dict[str, Any]) -> State[Any]:
    run = RunSettings.from_json(settings)
    try:
        run, should_stop = as_worker(run, nodes)
        with BUS.subscribed(ProgressArtifact(batch)):
            ends = run_batch(batch, nodes, open_store(run.store), run, should_stop)
    except StepCancelled as cancelled:
        return Cancelled(message=str(cancelled))
    made = MadeTogether(ends=[e if isinstance(e, Exception) else made_of(e) for e in ends])
    failed = {
        node["name"]: end
        for node, end in zip(nodes, ends, strict=True)
        if isinstance(end, Exception)
    }
    if failed:
        told = "; ".join(f"{name}: {error}" for name, error in failed.items())
        message = f"{len(failed)} of {len(nodes)} failed: {told}"
        return Failed(message=message, data=made)
    found = sum(not isinstance(end, Exception) and end["status"] == "cached" for end in ends)
    if found == len(nodes):
        return Completed(name="Cached", message="all in the store", data=made)
    message = f"{len(nodes) - found} computed" + (f", {found} in the store" if found else "")
    return Completed(message=message, data=made)
