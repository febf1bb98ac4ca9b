"""What computes the steps of a run: what `--runner` says of it, how flows see it, and threads.

threads          threads of this process: one a place on the device, and one beside them
threads:N        N threads of this process
dask             a Dask cluster of this machine, started for the run
dask:ADDRESS     one that is there, such as dask:tcp://10.0.0.5:8786
ray              a Ray cluster of this machine, started for the run
ray:ADDRESS      one that is there, such as ray:ray://10.0.0.5:10001
"""

from __future__ import annotations

import importlib.util
import ipaddress
import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit
from uuid import UUID

from tasks import BadInput

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State
    from prefect.task_runners import TaskRunner

DEFAULT = "threads"

PATTERN = r"^(threads(:[1-9][0-9]{0,2})?|(dask|ray)(:\S+)?)$"
HELP = "Where steps are computed: threads, threads:N, dask, dask:ADDRESS, ray or ray:ADDRESS."

_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

_MODULES = {"dask": ("prefect_dask", "distributed"), "ray": ("prefect_ray", "ray")}


@dataclass(frozen=True)
class RunnerChoice:
    """threads: how many, for that engine; 0 leaves it to the profile. address: of a cluster that is
    there; None starts one."""

    engine: Literal["threads", "dask", "ray"]
    threads: int = 0
    address: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether steps are computed by other processes."""
        return self.engine != "threads"

    @property
    def is_elsewhere(self) -> bool:
        """Whether the cluster may have workers on other machines."""
        if self.address is None:
            return False
        address = self.address if "://" in self.address else f"//{self.address}"
        return not is_loopback(urlsplit(address).hostname or "")


def parse_runner(text: str) -> RunnerChoice:
    """Raises BadInput for anything but the six forms above, and for an engine not installed."""
    if not re.fullmatch(PATTERN, text):
        raise BadInput(
            f"--runner {text}: expected threads, threads:N with N from 1 to 999, dask, "
            "dask:ADDRESS, ray or ray:ADDRESS"
        )
    name, _, rest = text.partition(":")
    if name == "threads":
        return RunnerChoice("threads", threads=int(rest or 0))
    missing = [module for module in _MODULES[name] if importlib.util.find_spec(module) is None]
    if missing:
        raise BadInput(
            f"--runner {text}: {missing[0]} is not installed; pip install "
            f"'diffusion-darkroom[{name}]', or in its folder pip install -e '.[{name}]'"
        )
    return RunnerChoice(cast(Literal["dask", "ray"], name), address=rest or None)


def is_loopback(host: str) -> bool:
    """Whether a name or address of a server means this machine alone, whoever asks."""
    if host.rstrip(".").lower() in _LOOPBACK_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    # One that listens everywhere is asked at no address but loopback.
    return mapped.is_loopback or mapped.is_unspecified


Ended = Callable[["State[Any] | BaseException"], None]
"""Told how a task ended: its final state, or why none came back."""


class Workforce(ABC):
    """One of Prefect's task runners, started. Its tasks are those of the current flow.

    is_remote: its processes are not this one, so what happens in them is not heard here.
    grants_devices: it starts no more steps on a device than it has, so they hold none themselves.
    """

    is_remote = True
    grants_devices = False

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._pending: dict[UUID, Any] = {}
        """Clusters give up what nobody holds."""

    @abstractmethod
    def workers(self) -> int:
        """How many tasks can run at once; may change while a cluster grows or loses some."""

    @abstractmethod
    def devices(self) -> int:
        """How many steps can compute on a device at once."""

    def submit(
        self,
        task: Task[..., Any],
        parameters: dict[str, Any],
        inputs: dict[str, Any],
        *,
        uses_device: bool,
        ended: Ended,
    ) -> UUID:
        """Start a task and return the id of its run.

        inputs: by parameter, runs of tasks that have ended and made what it reads; Prefect draws
        them as edges. ended: called once, from any thread.
        """
        with self._asking_for_device(uses_device and self.grants_devices):
            submitted = self._runner.submit(task, parameters, dependencies=inputs)
        task_run: UUID = submitted.task_run_id
        # Not the callback of Prefect's future: it may come before the result can be asked for.
        self._pending[task_run] = future = self._future(submitted)

        def done(future: Any) -> None:
            state = self._state(future)
            self._pending.pop(task_run, None)
            ended(state)

        future.add_done_callback(done)
        return task_run

    def _asking_for_device(self, is_asked: bool) -> AbstractContextManager[Any]:
        """What is submitted in the block is given a device of its own, if that is asked."""
        return nullcontext()

    def _future(self, submitted: Any) -> Any:
        """The engine's own, whose result is the task's final state."""
        return submitted.wrapped_future

    def _state(self, future: Any) -> State[Any] | BaseException:
        try:
            return future.result()
        except BaseException as error:
            return error


@contextmanager
def threads(count: int, places: int) -> Iterator[Threads]:
    """`count` threads, until the block ends. places: steps that compute on the device at once."""
    from prefect.task_runners import ThreadPoolTaskRunner

    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=count)
    with runner:
        yield Threads(runner, count, places)


class Threads(Workforce):
    """The workforce that is this process."""

    is_remote = False

    def __init__(self, runner: TaskRunner[Any], count: int, places: int) -> None:
        super().__init__(runner)
        self._count = count
        self._places = places

    def workers(self) -> int:
        return self._count

    def devices(self) -> int:
        return self._places


@contextmanager
def interrupts_kept_from_children() -> Iterator[None]:
    """Processes started in this thread inherit a mask that keeps Ctrl-C from them.

    In a terminal it reaches every process of the group; these are to outlive it, or to hear of it
    from this process alone. Other threads still take the signal for this process. To be called in
    the main thread.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
