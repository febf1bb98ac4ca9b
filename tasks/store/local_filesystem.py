"""A store in a local folder. Its half-written files have a folder of their own, `temporary`."""

from __future__ import annotations

import contextlib
import os
import secrets
import time

from tasks import BadInput, DarkroomError
from tasks.store.durable_file import (
    clear_write_errors,
    make_folder,
    sync_folder,
    temporary_file,
    write_local_file,
)
from tasks.store.filesystem import SETTLE_SECONDS, Filesystem, StoredFile

TEMPORARY = "temporary"
STALE_SECONDS = 24 * 3600.0
"""No write takes a day, so a temporary file older than this has lost its writer."""


class LocalFilesystem(Filesystem):
    is_remote = False

    def __init__(self, root: str) -> None:
        self.address = root

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
        found: list[StoredFile] = []
        open_folders = [folder]
        while open_folders:
            inside = open_folders.pop()
            with (
                contextlib.suppress(FileNotFoundError, NotADirectoryError),
                os.scandir(self._path(inside)) as entries,
            ):
                for entry in entries:
                    path = f"{inside}/{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        open_folders.append(path)
                        continue
                    # Deleted by someone else since it was listed.
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        found.append(StoredFile(path, status.st_size, status.st_mtime))
        return sorted(found, key=lambda file: file.path)

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
