"""What a step holds for itself while it computes: a place on the device, or its turn; memory.

As many steps compute on a device as it has places, by file locks on the host: Prefect's tag limits
leave gaps of seconds between steps, and know nothing of a second run on the same host. The CPU
counts as a device too, with one place or several that share its cores: a network too narrow to keep
two cores busy trains 1.6 times as fast beside another as before it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tasks import StepCancelled
from tasks.running.kinds import Kind
from tasks.store.locks import host_folder

POLL_SECONDS = 0.1

_alone_locks: dict[str, threading.Lock] = {}
"""By stage, held by the one step of it that may run in this process."""
_guard = threading.Lock()
_let_go: list[Callable[[], None]] = []
_all_threads: int | None = None
"""Of torch, before any were shared."""
_sharing = 0
"""How many steps of this process compute on a share of the cores."""


def lets_go_with_device(let_go: Callable[[], None]) -> None:
    """Have `let_go` called in the thread of a step once it has computed, before its place is free.

    For what keeps models in memory from one step to the next.
    """
    _let_go.append(let_go)


@contextmanager
def hold_device(
    kind: Kind,
    device: str,
    name: str,
    *,
    places: int | None,
    should_stop: Callable[[], bool],
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold what steps of the kind need for themselves, and only while they compute.

    name: of what computes, for those who wait. places: on the device; None where whoever starts
    the steps has seen to it. StepCancelled once should_stop is true meanwhile.
    """
    with contextlib.ExitStack() as held:
        if kind.one_at_a_time:
            held.enter_context(_alone_locks.setdefault(kind.stage, threading.Lock()))
        is_shared = kind.shares_cpu and device == "cpu"
        if kind.uses_accelerator and not is_shared and places is not None:
            held.enter_context(
                hold_accelerator(
                    device, name, places=places, should_stop=should_stop, on_wait=on_wait
                )
            )
        # First of all at the end: who takes the place next may want the memory of this one's model.
        held.callback(_let_go_of_all)
        yield


def _let_go_of_all() -> None:
    # Read at the end: the step itself may have been the first to import what keeps a model.
    for let_go in _let_go:
        let_go()


@contextmanager
def hold_accelerator(
    device: str,
    name: str,
    *,
    places: int = 1,
    should_stop: Callable[[], bool],
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold one of `places` places on `device` ("cpu", "cuda", "mps") for the node `name`.

    on_wait is called once, with who holds the first, if none is free at once. With several places
    on the CPU, torch computes on this one's share of the cores in the calling thread; once this
    process holds none any more, on all of them again.
    Raises StepCancelled if should_stop turns true while waiting.
    """
    all_places = [_Place(device, number) for number in range(places)]
    place = _first_free(all_places)
    if place is None:
        on_wait(f"waiting for the device, held by {all_places[0].holder()}")
    while place is None:
        if should_stop():
            raise StepCancelled(f"{name}: stopped while it waited for the {device} device")
        time.sleep(POLL_SECONDS)
        place = _first_free(all_places)
    with contextlib.ExitStack() as held:
        held.callback(place.release)
        place.write_holder(f"{name} (process {os.getpid()})")
        if device == "cpu":
            held.enter_context(_share_of_cores(places))
        yield


class _Place:
    """One of the places on a device, which a step of any process of the host can take."""

    def __init__(self, device: str, number: int) -> None:
        from filelock import FileLock

        folder = host_folder("accelerator")
        name = f"accelerator-{device}-{number}"
        self._holder_file = folder / f"{name}.holder"
        # Each of one file excludes all others, those of this process too.
        self._lock = FileLock(folder / f"{name}.lock", timeout=0, thread_local=False)
        self.release = self._lock.release

    def take(self) -> bool:
        """Whether it was free, and now is this step's."""
        from filelock import Timeout

        try:
            self._lock.acquire()
        except Timeout:
            return False
        return True

    def holder(self) -> str:
        try:
            return self._holder_file.read_text() or "another step"
        except OSError:
            return "another step"

    def write_holder(self, text: str) -> None:
        self._holder_file.write_text(text)


def _first_free(places: Sequence[_Place]) -> _Place | None:
    return next((place for place in places if place.take()), None)


@contextmanager
def _share_of_cores(places: int) -> Iterator[None]:
    """Let torch use one share of the cores it would use alone, in this thread and later ones."""
    global _all_threads, _sharing
    if places == 1 and _all_threads is None:
        yield
        return
    import torch

    with _guard:
        _sharing += 1
        if _all_threads is None:
            _all_threads = torch.get_num_threads()
        torch.set_num_threads(max(1, _all_threads // places))
    try:
        yield
    finally:
        with _guard:
            _sharing -= 1
            # Later: the library that multiplies has one number for all threads.
            if _sharing == 0:
                torch.set_num_threads(_all_threads)


# Names and numbers of glibc's malloc.h.
M_MMAP_MAX = -4
M_TRIM_THRESHOLD = -1
M_ARENA_MAX = -8


@functools.cache
def keep_freed_memory() -> bool:
    """Tell glibc's malloc to keep what is freed; true if it took all settings.

    It returns every block above 128 KiB to the kernel when it is freed and gets it back, zeroed
    page by page, at the next allocation. A training step frees and allocates hundreds of megabytes:
    67,000 page faults a step at D = 64, batch 128, and none with these settings.

    Call it before worker threads start: they share the main heap afterwards, since a thread's own
    is limited to 64 MiB. Does nothing on other C libraries.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((M_ARENA_MAX, 1), (M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1))
    return all([mallopt(option, value) == 1 for option, value in settings])
