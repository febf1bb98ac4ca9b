"""The few things the store asks of the place where it lies.

Paths are relative to the root, with forward slashes, and made of checked names (check_name).
A whole file appears at once or not at all: `write` is the only way to make one.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

SETTLE_SECONDS = 30 * 60.0
"""Files touched more recently than this are young enough; see Filesystem.settle."""


@dataclass(frozen=True)
class StoredFile:
    """path: relative to the root. size: bytes. modified: POSIX seconds, None where not known."""

    path: str
    size: int
    modified: float | None

    def is_older_than(self, moment: float) -> bool:
        """moment: POSIX seconds. A file of unknown age is not."""
        return self.modified is not None and self.modified < moment


Item = TypeVar("Item")
Result = TypeVar("Result")


class Filesystem(ABC):
    """A root folder and whole-file operations below it.

    address: the root in full, as a user would write it.
    is_remote: whether files are reached by requests, which are slow, and other hosts write them,
    whom the lock files of this one do not keep out.
    """

    address: str
    is_remote: bool

    @property
    @abstractmethod
    def local_folder(self) -> Path:
        """Where this host keeps what belongs to it alone: its locks and unfinished work."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the root and prove it writable. BadInput, with nothing left behind, if it is not."""

    @abstractmethod
    def check_readable(self) -> None:
        """BadInput if the root is there but is no folder. A root not there yet is an empty one."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """All bytes of a file. FileNotFoundError if it is not there."""

    @abstractmethod
    def write(self, path: str, data: bytes) -> None:
        """Make or replace a file, durably. StoreFull or BadInput leave the old file as it was."""

    @abstractmethod
    def settle(self, path: str) -> None:
        """Make a file that another process wrote as durable, and as young, as one of our own.

        Young, because clean-up deletes only what is old: what is about to be named by a new row
        must not look abandoned. FileNotFoundError if the file has just been deleted.
        """

    @abstractmethod
    def size(self, path: str) -> int | None:
        """Bytes of a file, or None if there is no file."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Sorted names directly inside a folder; empty if the folder is not there."""

    @abstractmethod
    def paths(self, folder: str, beginning: str = "") -> list[str]:
        """Path of every file below a folder, sorted; empty if the folder is not there.

        beginning: only those that go on so after the folder.
        """

    @abstractmethod
    def files(self, folder: str) -> list[StoredFile]:
        """Every file below a folder, by path; empty if the folder is not there."""

    def sizes(
        self, paths: Collection[str], folder: str, among: int | None = None
    ) -> dict[str, int]:
        """Bytes of those of `paths` that are there.

        folder: all lie below it. among: about how many files lie there, where known: a filesystem
        of slow requests may list them instead of asking for each.
        """
        found = zip(paths, self.each(self.size, paths), strict=True)
        return {path: size for path, size in found if size is not None}

    @abstractmethod
    def immutable_copy(self, path: str) -> str | bytes:
        """A file that never changes, named by its SHA-256: its path on this host, or its bytes.

        FileNotFoundError if it is not there.
        """

    def each(self, do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """`do` of every item, in order; at once where requests are slow."""
        return [do(item) for item in items]

    def now(self) -> float:
        """POSIX seconds by the clock that dates the files."""
        return time.time()

    def hold_everywhere(
        self, name: str, while_waiting: Callable[[], None] | None = None
    ) -> contextlib.AbstractContextManager[None]:
        """Keep out other hosts as far as that is possible; the caller keeps out this one's.

        while_waiting: called again and again meanwhile; what it raises ends the wait.
        """
        return contextlib.nullcontext()

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Rename a file within the root; its age begins anew."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete a file if it is there."""

    def delete_if_unchanged(self, path: str, expected: bytes) -> bool:
        """Delete a file only if it still holds `expected`. Returns whether it is gone.

        The caller holds the manifest lock, which keeps out the writers of this host. A filesystem
        with conditional requests can keep out all others by overriding this.
        """
        try:
            if self.read(path) != expected:
                return False
        except FileNotFoundError:
            return True
        self.delete(path)
        return True

    @abstractmethod
    def delete_if_older(self, path: str, moment: float) -> bool:
        """Delete a file last modified before `moment` (POSIX seconds). Returns whether it is gone.

        A file that a writer settles meanwhile stays.
        """

    @abstractmethod
    def sweep(self) -> None:
        """Delete what killed writers left half-written."""

    @abstractmethod
    def address_of(self, path: str) -> str:
        """A file's full address."""


def quarantine_path(path: str) -> str:
    """Where a damaged file is set aside: never over one that was set aside before."""
    return f"quarantine/{secrets.token_hex(4)}-{path.rsplit('/', 1)[-1]}"
