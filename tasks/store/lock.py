"""Locks between processes, and the local folder where a store keeps what belongs to one host."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tasks.errors import BadInput, DarkroomError
from tasks.store.durable_file import clear_write_errors, make_folder
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


def local_folder(filesystem: Filesystem) -> Path:
    """The root of a local store; for any other, a folder of its own in the host's temporary one."""
    if isinstance(filesystem, LocalFilesystem):
        return Path(filesystem.address)
    return host_folder(hashlib.sha256(filesystem.address.encode()).hexdigest()[:16])


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
