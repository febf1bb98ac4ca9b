"""Steps in threads of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.runners.workforce import Ended, edges

if TYPE_CHECKING:
    from prefect import Task
    from prefect.futures import PrefectFuture
    from prefect.task_runners import TaskRunner


@contextmanager
def threads(count: int, places: int) -> Iterator[Threads]:
    """`count` threads, until the block ends. places: steps that compute on the device at once."""
    from prefect.task_runners import ThreadPoolTaskRunner

    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=count)
    with runner:
        yield Threads(runner, count, places)


class Threads:
    """A workforce (flows.runners.workforce)."""

    is_remote = False
    grants_devices = False

    def __init__(self, runner: TaskRunner[Any], count: int, places: int) -> None:
        self._runner = runner
        self._count = count
        self._places = places

    def workers(self) -> int:
        return self._count

    def devices(self) -> int:
        return self._places

    def submit(
        self,
        task: Task[..., Any],
        parameters: dict[str, Any],
        *,
        inputs: Iterable[UUID],
        uses_device: bool,
        ended: Ended,
    ) -> UUID:
        future: PrefectFuture[Any] = self._runner.submit(
            task, parameters, dependencies=edges(parameters, inputs)
        )
        future.add_done_callback(lambda done: ended(_state_of(done)))
        return future.task_run_id


def _state_of(future: PrefectFuture[Any]) -> Any:
    try:
        future.wait()
        return future.state
    except Exception as error:
        return error
