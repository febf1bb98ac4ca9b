"""Locks between processes, and the local folder where a store keeps what belongs to one host."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from tasks import BadInput, DarkroomError
from tasks.store.durable_file import clear_write_errors, make_folder, temporary_file
from tasks.store.filesystem import Filesystem
from tasks.store.local_filesystem import LocalFilesystem

POLL_SECONDS = 0.01
WAIT_SECONDS = 0.2


@contextlib.contextmanager
def hold(path: Path, while_waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file at `path`, waiting for whoever holds it. A killed holder lets go.

    while_waiting is called again and again until the lock is free; what it raises ends the wait.
    """
    # Imported here: 30 ms that commands which only read do not need.
    from filelock import FileLock, Timeout

    lock = FileLock(str(path), thread_local=False)
    with clear_write_errors(str(path), 1):
        make_folder(str(path.parent))
        while True:
            try:
                lock.acquire(timeout=WAIT_SECONDS, poll_interval=POLL_SECONDS)
                break
            except Timeout:
                pass
            if while_waiting is not None:
                while_waiting()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def hold_in_store(
    filesystem: Filesystem, name: str, while_waiting: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold the lock of a name: on this host always, on others as far as the filesystem can.

    while_waiting: as for `hold`.
    """
    with (
        hold(lock_file(filesystem, name), while_waiting),
        filesystem.hold_everywhere(name, while_waiting),
    ):
        yield


def lock_file(filesystem: Filesystem, name: str) -> Path:
    """That of this host."""
    return local_folder(filesystem) / "locks" / f"{name}.lock"


def local_folder(filesystem: Filesystem) -> Path:
    """The root of a local store; for any other, a folder of its own in the host's temporary one."""
    if isinstance(filesystem, LocalFilesystem):
        return Path(filesystem.address)
    return host_folder(hashlib.sha256(filesystem.address.encode()).hexdigest()[:16])


def host_id(filesystem: Filesystem) -> str:
    """Names all processes that share this host's lock files of a store."""
    path = local_folder(filesystem) / "locks" / "host"
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
