"""What processes and runs hold of a store: locks, and leases of what a run needs.

    locks/<name>.lock                              of this host: held by one thread of one process
    live/<SHA-256 of the run's id>.json            in the store: the run and the keys it needs
    running/<SHA-256 of the run's id>.lock         of this host: held by the run's process

A lock ends with its process, however that ends, so on its own host a killed run is known at once.
From other hosts a run counts as live while its lease is renewed. Workers on other hosts, who do
steps of a run, read there whether it goes on. While it goes on, nobody deletes what it needs.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks import BadInput, DarkroomError
from tasks.store import StoreFull
from tasks.store.filesystem import Filesystem
from tasks.store.local_files import clear_write_errors, make_folder, temporary_file
from tasks.store.node import key_of_run
from tasks.store.row import utc_now

if TYPE_CHECKING:
    from filelock import BaseFileLock

POLL_SECONDS = 0.01
WAIT_SECONDS = 0.2

LEASES = "live"
GUARD_SECONDS = 3600.0
"""A run of another host that has not renewed its lease for so long is taken for dead."""

RENEW_SECONDS = 600.0

LeaseState = Literal["live", "stopping", "none"]


@contextlib.contextmanager
def hold_in_store(
    filesystem: Filesystem, name: str, while_waiting: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the lock of a name: on this host always, on others as far as the filesystem can.

    while_waiting is called again and again until the lock is free; what it raises ends the wait.
    """
    path = lock_file(filesystem, name)
    with clear_write_errors(str(path), 1):
        make_folder(str(path.parent))
        while (lock := try_lock(path, WAIT_SECONDS)) is None:
            if while_waiting is not None:
                while_waiting()
    try:
        with filesystem.hold_everywhere(name, while_waiting):
            yield
    finally:
        lock.release()


def try_lock(path: Path, seconds: float = 0.0) -> BaseFileLock | None:
    """The lock file at `path`, held until it is released; None if another has it for so long."""
    # Imported here: 30 ms that commands which only read do not need.
    from filelock import FileLock, Timeout

    lock = FileLock(str(path), thread_local=False)
    try:
        lock.acquire(timeout=seconds, poll_interval=POLL_SECONDS)
    except Timeout:
        return None
    return lock


def lock_file(filesystem: Filesystem, name: str) -> Path:
    """That of this host."""
    return filesystem.local_folder / "locks" / f"{name}.lock"


def host_id(filesystem: Filesystem) -> str:
    """Names all processes that share this host's lock files of a store."""
    path = filesystem.local_folder / "locks" / "host"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    # Only the first to come names the host.
    with (
        clear_write_errors(str(path), 1),
        temporary_file(uuid.uuid4().hex.encode(), path.parent) as made,
        contextlib.suppress(FileExistsError),
    ):
        os.link(made, path)
    return path.read_text()


def host_folder(name: str) -> Path:
    """A folder of this user in the host's temporary one, made if need be; shared by all stores."""
    folder = Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}" / name
    for part in (folder.parent, folder):
        try:
            with contextlib.suppress(FileExistsError):
                part.mkdir(mode=0o700)
            found = part.lstat()
        except OSError as error:
            raise DarkroomError(
                f"{part}: {error.strerror or error}; set TMPDIR to a writable folder"
            ) from error
        # The temporary folder is everyone's: another user may have made ours, to read our work.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise BadInput(f"{part} belongs to another user; set TMPDIR to a folder of your own")
    return folder


@dataclass(frozen=True)
class LeaseRecord:
    """A lease as others read it. keys: those the run needs, None while it plans.

    renewed: POSIX seconds. is_live: whether its process still runs, as far as can be told.
    """

    path: str
    run_id: str
    host: str
    started_at: str
    keys: frozenset[str] | None
    renewed: float
    is_live: bool


class Lease:
    """One run's hold on the store, from before it plans until it ends. Safe to end twice."""

    def __init__(self, filesystem: Filesystem, run_id: str) -> None:
        self._filesystem = filesystem
        self._run_id = run_id
        self._path = f"{LEASES}/{key_of_run(run_id)}.json"
        self._started_at = utc_now()
        self._keys: list[str] | None = None
        self._is_stopping = False
        self._writing = threading.Lock()
        self._ended = threading.Event()
        # None: another process does a part of this run, and the lease is the first one's. For
        # longer than it takes to ask whether the run is alive.
        self._running = try_lock(_running_path(run_id), 0.5)
        if self._running is None:
            self._ended.set()
            return
        with cleaning_lock(filesystem):
            self._write()
        threading.Thread(target=self._keep_young, name="lease", daemon=True).start()

    def needs(self, keys: Iterable[str]) -> None:
        """Say what the run needs. Until then clean-up has to take it for everything."""
        self._keys = sorted(keys)
        self._write()

    def stop_steps(self, should_stop: bool) -> None:
        """Tell the workers of other processes to end the steps they do for the run, or not to."""
        self._is_stopping = should_stop
        self._write()

    def end(self) -> None:
        if self._ended.is_set() or self._running is None:
            return
        with self._writing:
            self._ended.set()
        with contextlib.suppress(OSError, DarkroomError):
            self._filesystem.delete(self._path)
        self._running.release()

    def _write(self) -> None:
        # A full disk does not keep a run from showing what is already there.
        with self._writing, contextlib.suppress(StoreFull):
            if self._ended.is_set():
                return
            content = {
                "run_id": self._run_id,
                "host": socket.gethostname(),
                "started_at": self._started_at,
                "keys": self._keys,
                "is_stopping": self._is_stopping,
            }
            self._filesystem.write(self._path, json.dumps(content).encode())

    def _keep_young(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            # Whatever it is, the network or the disk, the next time may go well.
            with contextlib.suppress(Exception):
                self._filesystem.settle(self._path)


def read_leases(filesystem: Filesystem) -> list[LeaseRecord]:
    """Every lease, dead ones too. A damaged one counts as that of a run which still plans."""
    records = []
    now = filesystem.now()
    for file in filesystem.files(LEASES):
        try:
            content = json.loads(filesystem.read(file.path))
            run_id, host = str(content["run_id"]), str(content["host"])
            started_at = str(content["started_at"])
            keys = None if content["keys"] is None else frozenset(map(str, content["keys"]))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            run_id, host, started_at, keys = "", "", "", None
        # Of unknown age: as good as new, which keeps rather than deletes.
        renewed = now if file.modified is None else file.modified
        is_held = run_is_alive(run_id) if host == socket.gethostname() else None
        is_live = is_held if is_held is not None else renewed > now - GUARD_SECONDS
        records.append(LeaseRecord(file.path, run_id, host, started_at, keys, renewed, is_live))
    return records


def read_lease_state(filesystem: Filesystem, run_id: str) -> LeaseState:
    """Whether a run goes on, as its workers see it: "none" if it ended, or never was here."""
    try:
        content = json.loads(filesystem.read(f"{LEASES}/{key_of_run(run_id)}.json"))
        return "stopping" if content.get("is_stopping") else "live"
    except FileNotFoundError:
        return "none"
    except (ValueError, AttributeError):
        # Damaged, so somebody wrote it: as good as live.
        return "live"


def run_is_alive(run_id: str) -> bool | None:
    """Whether a process of this host is doing the run; None if none of this host ever did."""
    path = _running_path(run_id)
    if not path.exists():
        return None
    lock = try_lock(path)
    if lock is not None:
        lock.release()
    return lock is None


def cleaning_lock(filesystem: Filesystem) -> contextlib.AbstractContextManager[None]:
    """Held while the store is cleaned, and for the moment in which a run begins."""
    return hold_in_store(filesystem, "cleaning")


def _running_path(run_id: str) -> Path:
    return host_folder("running") / f"{key_of_run(run_id)}.lock"
