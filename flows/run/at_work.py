"""A run given what computes its steps, for as long as it has any, and what other processes tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from flows.plan.plan import PlannedNode
from flows.run.node_queue import NodeOutcome, batch_name
from flows.run.run import Run
from flows.runners.workforce import RunnerChoice, Workforce, is_loopback, parse_runner, threads
from tasks import BadInput, DarkroomError
from tasks.running.progress import BUS, Event, What, steps_should_end
from tasks.running.settings import RunSettings
from tasks.store.local_files import given_path
from tasks.store.store import local_folder

POLL_SECONDS = 0.2

_WHAT: dict[str, What] = {
    "done": "finished",
    "cached": "cached",
    "failed": "failed",
    "skipped": "failed",
}


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Start the engine the run asks for, or connect to it, until the block ends.

    Raises BadInput if its workers could not reach the run's Prefect server.
    """
    choice = parse_runner(run.request.runner)
    if choice.is_remote:
        require_server(choice)
    with _workforce(choice, run.plan.device, run.plan.places) as workforce, ExitStack() as told:
        if workforce.is_remote:
            told.enter_context(_stops_told(run))
        run.workforce = workforce
        try:
            yield
        finally:
            run.workforce = None


def _workforce(choice: RunnerChoice, device: str, places: int) -> AbstractContextManager[Workforce]:
    if choice.engine == "dask":
        # Prefect's runners of clusters are installed by those who have one.
        from flows.runners.dask_cluster import dask_cluster

        return dask_cluster(choice.address)
    if choice.engine == "ray":
        from flows.runners.ray_cluster import ray_cluster

        return ray_cluster(choice.address, device)
    return threads(choice.threads or places + 1, places)


def require_server(choice: RunnerChoice) -> None:
    """Raise BadInput if each worker would start a Prefect server of its own, or reach none."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    runner = f"{choice.engine}:{choice.address}" if choice.address else choice.engine
    advice = (
        "start one they reach with `darkroom up --host ADDRESS` or `prefect server start --host "
        "ADDRESS`, and set PREFECT_API_URL=http://ADDRESS:4200/api"
    )
    if not url:
        raise BadInput(f"--runner {runner}: its workers need a Prefect server; {advice}")
    if choice.is_elsewhere and is_loopback(urlsplit(url).hostname or ""):
        raise BadInput(
            f"--runner {runner}: workers on other machines cannot reach the Prefect server at "
            f"{url}; {advice}"
        )


def settings_for(workforce: Workforce, settings: RunSettings) -> RunSettings:
    """What the workforce is told of a run: by whole paths, if its processes are others."""
    if not workforce.is_remote:
        return settings
    store, data = settings.store, settings.data_root
    folder = local_folder(store)
    return replace(
        settings,
        store=store if folder is None else str(folder.absolute()),
        data_root=str(given_path(data).absolute()) if data else None,
        project_root=str(Path(settings.project_root).absolute()),
        is_remote=True,
        device_is_granted=workforce.grants_devices,
    )


@contextmanager
def _stops_told(run: Run) -> Iterator[None]:
    """Whether the steps should end reaches other processes through the run's lease."""
    over = threading.Event()

    def watch() -> None:
        told = False
        while not over.wait(POLL_SECONDS):
            if steps_should_end() != told:
                try:
                    run.stop_workers(not told)
                except (OSError, DarkroomError):
                    # The store may take it the next time.
                    continue
                told = not told

    thread = threading.Thread(target=watch, name="stops", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tell_started(nodes: Sequence[PlannedNode]) -> None:
    """One node, or those of a batch. What the store holds does not start."""
    if all(node.is_hit for node in nodes):
        return
    members = tuple(node.name for node in nodes) if len(nodes) > 1 else ()
    BUS.publish(Event(batch_name(nodes), nodes[0].node.kind, "started", members=members))


def tell_ended(nodes: Sequence[PlannedNode], outcomes: Mapping[str, NodeOutcome]) -> None:
    """By name, how each of the same nodes ended."""
    batch = batch_name(nodes) if len(nodes) > 1 else ""
    for node in nodes:
        outcome = outcomes[node.name]
        is_told = batch if outcome.status == "done" else ""
        BUS.publish(
            Event(
                node.name,
                node.node.kind,
                _WHAT[outcome.status],
                message=outcome.error or "",
                seconds=outcome.seconds,
                batch=is_told,
            )
        )
    if batch:
        done = [outcomes[node.name] for node in nodes if outcomes[node.name].status == "done"]
        members = tuple(node.name for node in nodes)
        seconds = sum(outcome.seconds for outcome in done)
        what: What = "finished" if done else "failed"
        kind = nodes[0].node.kind
        BUS.publish(Event(batch, kind, what, seconds=seconds, members=members))
