"""A step done by a process that is not the run's: a worker of a Dask or Ray cluster.

It may stand on another host, with another disk and other libraries. What it must share with the
run is checked before it computes; whether the run still wants the step is read from the run's lease
in the store, which every worker can reach.
"""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import metadata

from tasks import DarkroomError, StepFailed
from tasks.running.cancellation import steps_should_end
from tasks.running.kinds import KINDS
from tasks.running.memory_allocator import keep_freed_memory
from tasks.running.run_step import RunSettings, StepNode, read_identity
from tasks.store.store import Store

SECONDS_BETWEEN_LOOKS = 1.0
"""At the lease, by one step. A request each, on S3."""


def as_worker(
    settings: RunSettings, nodes: Sequence[StepNode]
) -> tuple[RunSettings, Callable[[], bool]]:
    """The settings and the should_stop with which this process does `nodes`.

    In the run's own process both are what they were. Raises StepFailed if this worker does not see
    the run's store, or its code or libraries are not those that the nodes' keys promise.
    """
    if not settings.is_remote:
        return settings, steps_should_end
    watch = LeaseWatch(Store(settings.store), settings.run_id)
    _require_run(watch, settings)
    for node in nodes:
        require_same_code(node)
    _keep_freed_memory()
    return replace(settings, host=socket.gethostname()), watch


class LeaseWatch:
    """Called: whether the step should end, because the run stops or is over."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._should_end = False
        self._next_look = 0.0

    def __call__(self) -> bool:
        if steps_should_end() or self._should_end:
            return True
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + SECONDS_BETWEEN_LOOKS
            try:
                self._should_end = self._store.lease_state(self._run_id) != "live"
            except (OSError, DarkroomError):
                # The store may answer again by the time there is something to record.
                return False
        return self._should_end


def _require_run(watch: LeaseWatch, settings: RunSettings) -> None:
    if Store(settings.store).lease_state(settings.run_id) == "none":
        raise StepFailed(
            f"worker on {socket.gethostname()}: run {settings.run_id} is over, or its store "
            f"{settings.store} is not the one that is seen here; give every worker the same folder "
            "at the same path, or use a store on s3://"
        )


def require_same_code(node: StepNode) -> None:
    """Raise StepFailed if what would be computed here is not what the node's key stands for."""
    identity = read_identity(node)
    kind = KINDS.get(identity.kind)
    wanted = {f"code of {identity.kind}": str(identity.code_version), **identity.libraries}
    here = {name: _version(name) for name in identity.libraries}
    here[f"code of {identity.kind}"] = str(kind.code_version) if kind else "none"
    if other := [name for name in wanted if here[name] != wanted[name]]:
        told = ", ".join(f"{name} {here[name]} instead of {wanted[name]}" for name in other)
        raise StepFailed(
            f"{node['name']}: the worker on {socket.gethostname()} has {told}, so its result would "
            "not be what the run's key promises; install there what the run has"
        )


@functools.cache
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


@functools.cache
def _keep_freed_memory() -> None:
    keep_freed_memory()
