"""A store at any other fsspec address, such as memory:// or an object store's.

Relies on a put of a whole object being atomic, which object stores promise.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from tasks.errors import BadInput, DarkroomError
from tasks.store.durable_file import clear_write_errors
from tasks.store.filesystem import Filesystem


class RemoteFilesystem(Filesystem):
    def __init__(self, address: str) -> None:
        import fsspec

        try:
            # Any: fsspec's classes carry no types.
            fs: Any
            fs, root = fsspec.url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise BadInput(
                f"store address {address}: {error}; use a folder, or install what this address "
                f"needs"
            ) from error
        self.address = address.rstrip("/")
        self._fs = fs
        self._root = str(root).rstrip("/")

    def prepare(self) -> None:
        probe = f"temporary/{secrets.token_hex(8)}"
        try:
            self.write(probe, b"")
            self.delete(probe)
        except DarkroomError:
            raise
        except Exception as error:  # each driver has exceptions of its own
            raise BadInput(f"{self.address} cannot be written: {error}") from error

    def check_readable(self) -> None:
        """Nothing to check: an object store has no folders."""

    def read(self, path: str) -> bytes:
        data: bytes = self._fs.cat_file(self._path(path))
        return data

    def write(self, path: str, data: bytes) -> None:
        with clear_write_errors(self.address_of(path), len(data)):
            self._fs.pipe_file(self._path(path), data)

    def settle(self, path: str) -> None:
        """Nothing to do: a put is durable once it is answered."""

    def size(self, path: str) -> int | None:
        self._fs.invalidate_cache()
        try:
            info = self._fs.info(self._path(path))
        except FileNotFoundError:
            return None
        return int(info["size"]) if info["type"] == "file" else None

    def names(self, folder: str) -> list[str]:
        # Listings are cached by the driver, and other writers are at work.
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._path(folder), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)

    def move(self, path: str, target: str) -> None:
        self.write(target, self.read(path))
        self.delete(path)

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(path))

    def sweep(self) -> None:
        """Nothing to do: a broken put leaves nothing."""

    def address_of(self, path: str) -> str:
        return f"{self.address}/{path}"

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"
