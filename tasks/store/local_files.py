"""Whole files on a local disk, and a store in a local folder.

A file is written under a temporary name, synced and renamed, and its folder synced. A reader sees
the old file or the new one; a killed writer leaves the old one and a temporary file, which in a
store has a folder of its own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from tasks import BadInput, DarkroomError
from tasks.store import StoreFull
from tasks.store.filesystem import SETTLE_SECONDS, Filesystem, StoredFile

TEMPORARY = "temporary"
STALE_SECONDS = 24 * 3600.0
"""No write takes a day, so a temporary file older than this has lost its writer."""


def given_path(text: str, folder: Path = Path()) -> Path:
    """The path that a user gave as an option, in a variable, a form or the declaration.

    `~` and `~name` are home folders. folder: what a relative path is relative to. Raises BadInput
    for what cannot be a path, and where there is no such home folder.
    """
    if not text.strip() or "\0" in text:
        raise BadInput(f"{text!r} is not a path; name a file or folder")
    path = os.path.expanduser(text)
    # Of the text: pathlib takes ./~name for ~name.
    if path.startswith("~"):
        name = text.split("/")[0][1:]
        reason = f"there is no user {name}" if name else "no home folder is known"
        raise BadInput(
            f"{text}: {reason} on this machine; give the whole path, or ./{text} for what is "
            "called so"
        )
    return folder / path


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


class LocalFilesystem(Filesystem):
    is_remote = False

    def __init__(self, root: str) -> None:
        self.address = root

    @property
    def local_folder(self) -> Path:
        return Path(self.address)

    def prepare(self) -> None:
        self.check_readable()
        made = _missing_folders(self._path(TEMPORARY))
        try:
            with temporary_file(b"", self._path(TEMPORARY)):
                pass
        except OSError as error:
            for folder in made:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            with clear_write_errors(self.address, 1):
                raise
            raise BadInput(
                f"{self.address} cannot hold the store: {error.strerror or error}"
            ) from error

    def check_readable(self) -> None:
        for folder in (self.address, *(self._path(name) for name in ("objects", "manifest"))):
            if os.path.lexists(folder) and not os.path.isdir(folder):
                raise BadInput(
                    f"{folder} is not a folder; move it away or choose another folder for the store"
                )
            try:
                os.listdir(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BadInput(
                    f"{folder} cannot be read: {error.strerror}; allow it or choose another "
                    f"folder for the store"
                ) from error

    def read(self, path: str) -> bytes:
        with open(self._path(path), "rb") as file:
            return file.read()

    def write(self, path: str, data: bytes) -> None:
        write_local_file(self._path(path), data, self._path(TEMPORARY))

    def settle(self, path: str) -> None:
        if os.stat(self._path(path)).st_mtime < time.time() - SETTLE_SECONDS:
            self._touch(path)
        with clear_write_errors(self._path(path), 0):
            sync_folder(os.path.dirname(self._path(path)))

    def size(self, path: str) -> int | None:
        try:
            return os.stat(self._path(path)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._path(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def paths(self, folder: str, beginning: str = "") -> list[str]:
        found: list[str] = []
        for inside, _, names in os.walk(self._path(folder), onerror=_raise_unless_gone):
            relative = os.path.relpath(inside, self.address).replace(os.sep, "/")
            found += [f"{relative}/{name}" for name in names]
        return sorted(path for path in found if path.startswith(f"{folder}/{beginning}"))

    def immutable_copy(self, path: str) -> str:
        if self.size(path) is None:
            raise FileNotFoundError(self._path(path))
        return self._path(path)

    def files(self, folder: str) -> list[StoredFile]:
        found = []
        for path in self.paths(folder):
            # Deleted by someone else since it was listed.
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(self._path(path))
                found.append(StoredFile(path, status.st_size, status.st_mtime))
        return found

    def move(self, path: str, target: str) -> None:
        make_folder(os.path.dirname(self._path(target)))
        os.replace(self._path(path), self._path(target))
        # Moved it is, whether or not its time can be set.
        with contextlib.suppress(OSError, DarkroomError):
            self._touch(target)

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(path))

    def delete_if_older(self, path: str, moment: float) -> bool:
        aside = self._path(f"{TEMPORARY}/.{os.getpid()}-{secrets.token_hex(8)}.part")
        try:
            if os.stat(self._path(path)).st_mtime >= moment:
                return False
            make_folder(os.path.dirname(aside))
            # Out of reach first: whoever would settle it now finds it gone and writes it anew, and
            # whoever did so before this line has left it young.
            os.replace(self._path(path), aside)
        except FileNotFoundError:
            return True
        if os.stat(aside).st_mtime >= moment:
            os.replace(aside, self._path(path))
            return False
        os.unlink(aside)
        return True

    def sweep(self) -> None:
        oldest = time.time() - STALE_SECONDS
        for name in self.names(TEMPORARY):
            path = self._path(f"{TEMPORARY}/{name}")
            with contextlib.suppress(OSError):
                if os.stat(path).st_mtime < oldest:
                    os.unlink(path)

    def address_of(self, path: str) -> str:
        return self._path(path)

    def _touch(self, path: str) -> None:
        try:
            os.utime(self._path(path))
        except FileNotFoundError:
            raise
        except OSError:
            # Another user's file in a shared store: a copy of our own takes its place.
            self.write(path, self.read(path))

    def _path(self, path: str) -> str:
        return os.path.join(self.address, *path.split("/"))


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _missing_folders(path: str) -> list[str]:
    """`path` and its parents that are not there, deepest first."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing
