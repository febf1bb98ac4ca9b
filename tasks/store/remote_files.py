"""A store at any other fsspec address, such as memory:// or an object store's.

Relies on a put of a whole object being atomic, which object stores promise.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks import BadInput, DarkroomError
from tasks.store.filesystem import SETTLE_SECONDS, Filesystem, Item, Result, StoredFile
from tasks.store.local_files import STALE_SECONDS, clear_write_errors, write_local_file
from tasks.store.locks import host_folder

CONCURRENCY = 16
"""Requests at once: enough to hide how long each takes, few enough to be throttled seldom."""


class RemoteFilesystem(Filesystem):
    is_remote = True

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

    @property
    def local_folder(self) -> Path:
        return host_folder(hashlib.sha256(self.address.encode()).hexdigest()[:16])

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
        # A put is durable once it is answered, and the only way to make an object young.
        if self._stored_file(path).is_older_than(self.now() - SETTLE_SECONDS):
            self.write(path, self.read(path))

    def size(self, path: str) -> int | None:
        try:
            return self._stored_file(path).size
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        # Listings are cached by the driver, and other writers are at work.
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._path(folder), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)

    def paths(self, folder: str, beginning: str = "") -> list[str]:
        paths = (file.path for file in self.files(folder))
        return [path for path in paths if path.startswith(f"{folder}/{beginning}")]

    def immutable_copy(self, path: str) -> str | bytes:
        # Fetched once, copies on this host spare each command the whole manifest.
        copy = self._copies / path.rsplit("/", 1)[-1]
        if copy.is_file():
            return str(copy)
        data = self.read(path)
        if hashlib.sha256(data).hexdigest() != copy.stem:
            return data
        try:
            write_local_file(copy, data)
        except (DarkroomError, OSError):
            return data
        return str(copy)

    def each(self, do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        todo = list(items)
        if len(todo) < 2:
            return [do(item) for item in todo]
        with ThreadPoolExecutor(min(CONCURRENCY, len(todo))) as threads:
            return list(threads.map(do, todo))

    def files(self, folder: str) -> list[StoredFile]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(self._path(folder), detail=True)
        except FileNotFoundError:
            return []
        prefix = f"{self._root}/".lstrip("/")
        return sorted(
            (
                StoredFile(
                    str(path).lstrip("/").removeprefix(prefix), int(info["size"]), _modified(info)
                )
                for path, info in found.items()
            ),
            key=lambda file: file.path,
        )

    def move(self, path: str, target: str) -> None:
        self.write(target, self.read(path))
        self.delete(path)

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(path))

    def delete_if_older(self, path: str, moment: float) -> bool:
        # Asked just before it is deleted: object stores have no condition on a time.
        try:
            if not self._stored_file(path).is_older_than(moment):
                return False
        except FileNotFoundError:
            return True
        self.delete(path)
        return True

    def sweep(self) -> None:
        """Of the host's copies, those that no manifest names for a day."""
        named = {path.rsplit("/", 1)[-1] for path in self.paths("manifest")}
        oldest = time.time() - STALE_SECONDS
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(self._copies)):
                if entry.name not in named and entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)

    @property
    def _copies(self) -> Path:
        return self.local_folder / "copies"

    def address_of(self, path: str) -> str:
        return f"{self.address}/{path}"

    def _stored_file(self, path: str) -> StoredFile:
        """As it is now. FileNotFoundError if it is not there."""
        self._fs.invalidate_cache()
        info = self._fs.info(self._path(path))
        if info["type"] != "file":
            raise FileNotFoundError(path)
        return StoredFile(path, int(info["size"]), _modified(info))

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"


def _modified(info: dict[str, Any]) -> float | None:
    """POSIX seconds from what a driver says of a file; each has a name of its own for it."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = info.get(name)
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float):
            return float(value)
    return None
