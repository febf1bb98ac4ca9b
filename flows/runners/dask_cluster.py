"""Steps on the workers of a Dask cluster, through prefect-dask.

Workers that declare the resource "accelerator" (`dask worker ADDRESS --resources accelerator=1`)
take no more steps on a device than they have; on others, one step of a host computes on it at a
time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.runners.workforce import Ended, interrupts_kept_from_children
from tasks import BadInput, DarkroomError, StepFailed

if TYPE_CHECKING:
    from distributed import Client, Future
    from prefect import Task

RESOURCE = "accelerator"
CONNECT_SECONDS = 20
WORKER_SECONDS = 120
MAX_LOCAL_WORKERS = 8
_CORES_OF = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def dask_cluster(address: str | None) -> Iterator[DaskCluster]:
    """The cluster at `address`, or one of this machine that ends with the block.

    BadInput if no scheduler answers there; DarkroomError if no worker joins.
    """
    from distributed import TimeoutError as NoWorker
    from prefect_dask import DaskTaskRunner

    given = {"address": address} if address else {"cluster_kwargs": _local_cluster()}
    with DaskTaskRunner(**given, client_kwargs={"timeout": CONNECT_SECONDS}) as runner:
        try:
            # Workers hear of Ctrl-C from the run, which lets steps keep what they have.
            with interrupts_kept_from_children():
                client = runner.client
        except (OSError, ValueError) as error:
            raise BadInput(
                f"--runner dask:{address}: no Dask scheduler answers there ({error}); start one "
                "with `dask scheduler` and its workers with `dask worker ADDRESS`"
            ) from error
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except NoWorker as error:
            raise DarkroomError(
                f"no Dask worker joined the scheduler in {WORKER_SECONDS} s; start some with "
                f"`dask worker {client.scheduler.address}`"
            ) from error
        yield DaskCluster(client)


class DaskCluster:
    """A workforce (flows.runners.workforce)."""

    is_remote = True

    def __init__(self, client: Client) -> None:
        self._client = client
        self.grants_devices = any(worker["resources"].get(RESOURCE) for worker in self._workers())
        self._pending: dict[UUID, Future] = {}

    def workers(self) -> int:
        # One that lost all its workers waits for the next.
        return max(1, sum(int(worker["nthreads"]) for worker in self._workers()))

    def devices(self) -> int:
        if self.grants_devices:
            return max(1, int(sum(w["resources"].get(RESOURCE, 0) for w in self._workers())))
        return max(1, len({worker["host"] for worker in self._workers()}))

    def submit(
        self,
        task: Task[..., Any],
        parameters: dict[str, Any],
        inputs: dict[str, Any],
        *,
        uses_device: bool,
        ended: Ended,
    ) -> UUID:
        # By prefect-dask's client, since its task runner takes no resources. Results are small and
        # kept by nobody: a worker that dies takes none with it that would be computed again.
        future = self._client.submit(
            task,
            parameters=parameters,
            dependencies=inputs,
            return_type="state",
            resources={RESOURCE: 1} if uses_device and self.grants_devices else None,
            pure=False,
        )
        task_run: UUID = future.task_run_id
        # Dask gives up what nobody holds.
        self._pending[task_run] = future

        def done(future: Future) -> None:
            state = _state_of(future)
            self._pending.pop(task_run, None)
            ended(state)

        future.add_done_callback(done)
        return task_run

    def _workers(self) -> list[dict[str, Any]]:
        return list(self._client.scheduler_info(n_workers=-1)["workers"].values())


def _state_of(future: Future) -> Any:
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        return StepFailed(
            f"every Dask worker that was given it died ({error.last_worker} last); see their logs, "
            "and that they have memory enough"
        )
    except CancelledError:
        return StepFailed("Dask's scheduler is gone; start it again, and run again")
    except BaseException as error:
        return error


def _local_cluster() -> dict[str, Any]:
    """Of processes with one thread each, which share the device as threads would."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "n_workers": min(max(cores or 1, 2), MAX_LOCAL_WORKERS),
        "threads_per_worker": 1,
        # A training alone may take most of the memory; Dask would end it.
        "memory_limit": 0,
        "dashboard_address": None,
        "silence_logs": logging.ERROR,
        # Dask gives each process one core for its mathematics; only one at a time does any.
        "env": {name: os.environ.get(name, str(cores)) for name in _CORES_OF},
    }
