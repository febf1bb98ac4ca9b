"""A store in a local folder. Its half-written files have a folder of their own, `temporary`."""

from __future__ import annotations

import contextlib
import os
import time

from tasks.errors import BadInput
from tasks.store.durable_file import (
    clear_write_errors,
    make_folder,
    sync_folder,
    temporary_file,
    write_local_file,
)
from tasks.store.filesystem import Filesystem

TEMPORARY = "temporary"
STALE_SECONDS = 24 * 3600.0
"""No write takes a day, so a temporary file older than this has lost its writer."""


class LocalFilesystem(Filesystem):
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

    def move(self, path: str, target: str) -> None:
        make_folder(os.path.dirname(self._path(target)))
        os.replace(self._path(path), self._path(target))

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(path))

    def sweep(self) -> None:
        oldest = time.time() - STALE_SECONDS
        for name in self.names(TEMPORARY):
            path = self._path(f"{TEMPORARY}/{name}")
            with contextlib.suppress(OSError):
                if os.stat(path).st_mtime < oldest:
                    os.unlink(path)

    def address_of(self, path: str) -> str:
        return self._path(path)

    def _path(self, path: str) -> str:
        return os.path.join(self.address, *path.split("/"))


def _missing_folders(path: str) -> list[str]:
    """`path` and its parents that are not there, deepest first."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing
