"""Steps on the workers of a Dask cluster, through prefect-dask.

Workers that declare the resource "accelerator" (`dask worker ADDRESS --resources accelerator=1`)
take no more steps on a device than they have; on others, one step of a host computes on it at a
time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from flows.runners.workforce import Workforce, interrupts_kept_from_children
from tasks import BadInput, DarkroomError, StepFailed

if TYPE_CHECKING:
    from distributed import Future
    from prefect.client.schemas.objects import State
    from prefect_dask import DaskTaskRunner

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
        yield DaskCluster(runner)


class DaskCluster(Workforce):
    """The workers of a Dask cluster."""

    def __init__(self, runner: DaskTaskRunner) -> None:
        super().__init__(runner)
        self.grants_devices = any(worker["resources"].get(RESOURCE) for worker in self._workers())

    def workers(self) -> int:
        # One that lost all its workers waits for the next.
        return max(1, sum(int(worker["nthreads"]) for worker in self._workers()))

    def devices(self) -> int:
        if self.grants_devices:
            return max(1, int(sum(w["resources"].get(RESOURCE, 0) for w in self._workers())))
        return max(1, len({worker["host"] for worker in self._workers()}))

    def _asking_for_device(self, is_asked: bool) -> AbstractContextManager[Any]:
        from dask.base import annotate

        return annotate(resources={RESOURCE: 1}) if is_asked else nullcontext()

    def _state(self, future: Future) -> State[Any] | BaseException:
        from distributed import CancelledError, KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            return StepFailed(
                f"every Dask worker that was given it died ({error.last_worker} last); see their "
                "logs, and that they have memory enough"
            )
        except CancelledError:
            return StepFailed("Dask's scheduler is gone; start it again, and run again")
        except BaseException as error:
            return error

    def _workers(self) -> list[dict[str, Any]]:
        return list(self._runner.client.scheduler_info(n_workers=-1)["workers"].values())


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
