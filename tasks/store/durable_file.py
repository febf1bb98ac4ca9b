"""Whole files on a local disk: a temporary name, fsync, rename, fsync of the folder.

A reader sees the old file or the new one; a killed writer leaves the old one and a temporary file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tasks import BadInput
from tasks.store.errors import StoreFull


def write_local_file(
    path: str | Path, data: bytes, temporary_folder: str | Path | None = None
) -> None:
    """Make or replace a file, durably, with the folders above it.

    temporary_folder: on the same disk; that of the file itself by default. Raises StoreFull for a
    full disk and BadInput for a refused one; the old file then stands as it was.
    """
    folder = os.path.dirname(os.path.abspath(path))
    with clear_write_errors(str(path), len(data)):
        make_folder(folder)
        with temporary_file(data, temporary_folder or folder) as temporary:
            os.replace(temporary, path)
        sync_folder(folder)


@contextlib.contextmanager
def temporary_file(data: bytes, folder: str | Path) -> Iterator[str]:
    """Path of a durable file holding `data`, deleted afterwards unless the caller has moved it."""
    make_folder(str(folder))
    path = os.path.join(folder, f".{os.getpid()}-{secrets.token_hex(8)}.part")
    try:
        # Not mkstemp: its mode 0600 would lock other users out of a shared store.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def make_folder(path: str) -> None:
    """Make a folder and its parents, each durable before anything is put inside."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_folder(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    if not os.path.isdir(path):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    sync_folder(parent)


def sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network mounts do not know how to sync a folder; the rename itself has been made.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def clear_write_errors(address: str, needed: int) -> Iterator[None]:
    """Turn a failed write into an instruction.

    address: the file being written; needed: its bytes. Raises StoreFull for a full disk or quota
    and BadInput for a place that may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            amount = f"{needed:,} bytes or more" if needed > 1 else "some"
            raise StoreFull(
                f"{address}: no space left on its disk; free {amount} and run again; nothing "
                f"recorded was lost"
            ) from error
        if error.errno in _REFUSALS:
            raise BadInput(
                f"{address} cannot be written: {error.strerror or error}; allow it or choose "
                f"another folder for the store"
            ) from error
        raise


_REFUSALS = frozenset(
    {
        errno.EACCES,
        errno.ENOENT,
        errno.EPERM,
        errno.EROFS,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)
"""No permission, a read-only disk, or a file where a folder is needed and the reverse."""
