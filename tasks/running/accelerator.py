"""As many steps on a device as it has places: locks in the process and file locks on the host.

Prefect's tag limits leave gaps of seconds between steps, and know nothing of a second run on the
same host. The CPU counts as a device too, with one place or several that share its cores: a network
too narrow to keep two cores busy trains 1.6 times as fast beside another as before it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tasks import StepCancelled
from tasks.store.locks import host_folder

POLL_SECONDS = 0.1

_process_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()
_all_threads: int | None = None
"""Of torch, before any were shared."""
_sharing = 0
"""How many steps of this process compute on a share of the cores."""


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
        self._file_lock = FileLock(folder / f"{name}.lock", thread_local=False)
        with _guard:
            self._process_lock = _process_locks.setdefault(name, threading.Lock())

    def take(self) -> bool:
        """Whether it was free, and now is this step's."""
        from filelock import Timeout

        if not self._process_lock.acquire(blocking=False):
            return False
        try:
            self._file_lock.acquire(timeout=0)
        except Timeout:
            self._process_lock.release()
            return False
        except BaseException:
            self._process_lock.release()
            raise
        return True

    def release(self) -> None:
        self._file_lock.release()
        self._process_lock.release()

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
