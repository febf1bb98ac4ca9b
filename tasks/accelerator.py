"""One step at a time on a device: a lock in the process and a file lock on the host.

Prefect's tag limits leave gaps of seconds between steps, and know nothing of a second run on the
same host. The CPU counts as a device too: two trainings at once on the same cores only slow
each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import StepCancelled
from tasks.store.lock import host_folder

POLL_SECONDS = 0.1

_process_locks: dict[str, threading.Lock] = {}
_process_locks_guard = threading.Lock()


@contextmanager
def hold_accelerator(
    device: str,
    name: str,
    *,
    should_stop: Callable[[], bool],
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold `device` ("cpu", "cuda", "mps") for the node `name`.

    on_wait is called once, with who holds it, if it is not free at once.
    Raises StepCancelled if should_stop turns true while waiting.
    """
    from filelock import FileLock, Timeout

    folder = host_folder("accelerator")
    holder_file = folder / f"accelerator-{device}.holder"
    with _process_locks_guard:
        process_lock = _process_locks.setdefault(device, threading.Lock())
    file_lock = FileLock(folder / f"accelerator-{device}.lock", thread_local=False)

    def wait(acquire: Callable[[float], bool]) -> None:
        if acquire(0.0):
            return
        on_wait(f"waiting for the device, held by {_read_holder(holder_file)}")
        while not acquire(POLL_SECONDS):
            if should_stop():
                raise StepCancelled(f"{name}: stopped while it waited for the {device} device")

    def acquire_file_lock(timeout: float) -> bool:
        try:
            file_lock.acquire(timeout=timeout, poll_interval=POLL_SECONDS)
        except Timeout:
            return False
        return True

    wait(lambda timeout: process_lock.acquire(timeout=timeout))
    try:
        wait(acquire_file_lock)
        try:
            holder_file.write_text(f"{name} (process {os.getpid()})")
            yield
        finally:
            file_lock.release()
    finally:
        process_lock.release()


def _read_holder(holder_file: Path) -> str:
    try:
        return holder_file.read_text() or "another step"
    except OSError:
        return "another step"
