"""A run given what computes its steps, for as long as it has any."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flows.plan.plan import Plan
from flows.run.run import Run
from flows.runners.choice import RunnerChoice, parse_runner
from flows.runners.workforce import Workforce
from flows.serve.addresses import is_loopback
from tasks import BadInput, DarkroomError
from tasks.running.cancellation import steps_should_end

if TYPE_CHECKING:
    from tasks.running.run_step import RunSettings

POLL_SECONDS = 0.2


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Start the engine the run asks for, or connect to it, until the block ends.

    Raises BadInput if its workers could not reach the run's Prefect server.
    """
    choice = parse_runner(run.request.runner)
    if choice.is_remote:
        _require_server(choice)
    with _engine(choice, run.plan) as workforce:
        run.workforce = workforce
        try:
            if workforce.is_remote:
                with _stops_told(run):
                    yield
            else:
                yield
        finally:
            run.workforce = None


def settings_for(workforce: Workforce, settings: RunSettings) -> RunSettings:
    """What the workforce is told of a run: by whole paths, if its processes are others."""
    if not workforce.is_remote:
        return settings
    store, data = settings.store, settings.data_root
    return replace(
        settings,
        store=store if "://" in store else str(Path(store).expanduser().absolute()),
        data_root=data if data is None else str(Path(data).expanduser().absolute()),
        project_root=str(Path(settings.project_root).absolute()),
        is_remote=True,
        device_is_granted=workforce.grants_devices,
    )


def _engine(choice: RunnerChoice, plan: Plan) -> AbstractContextManager[Workforce]:
    if choice.engine == "dask":
        from flows.runners.dask_cluster import dask_cluster

        return dask_cluster(choice.address)
    if choice.engine == "ray":
        from flows.runners.ray_cluster import ray_cluster

        return ray_cluster(choice.address, plan.device)
    from flows.runners.threads import threads

    return threads(choice.threads or plan.places + 1, plan.places)


def _require_server(choice: RunnerChoice) -> None:
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
