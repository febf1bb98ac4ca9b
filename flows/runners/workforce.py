"""What computes the steps of a run, as the flows see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State

Ended = Callable[["State[Any] | BaseException"], None]
"""Told how a task ended: its final state, or why none came back."""


class Workforce(Protocol):
    """is_remote: its processes are not this one, so what happens in them is not heard here.
    grants_devices: it starts no more steps on a device than it has, so they hold none themselves.
    """

    is_remote: bool
    grants_devices: bool

    def workers(self) -> int:
        """How many tasks can run at once; may change while a cluster grows or loses some."""

    def devices(self) -> int:
        """How many steps can compute on a device at once."""

    def submit(
        self,
        task: Task[..., Any],
        parameters: dict[str, Any],
        *,
        inputs: Iterable[UUID],
        uses_device: bool,
        ended: Ended,
    ) -> UUID:
        """Start a task of the current flow and return the id of its run.

        inputs: task runs that made what it reads, which have ended; Prefect draws them as edges.
        ended: called once, from any thread.
        """


def edges(parameters: dict[str, Any], inputs: Iterable[UUID]) -> dict[str, Any]:
    """`inputs` as a task runner takes them: Prefect adds them to those of a parameter."""
    from prefect.client.schemas.objects import TaskRunResult

    last = list(parameters)[-1]
    return {last: {TaskRunResult(id=task_run) for task_run in inputs}}
