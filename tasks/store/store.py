"""The store: where artifacts lie, and the manifest that says what they are.

    objects/<aa>/<sha256>.<extension>    immutable bytes, written first
    manifest/                            rows that name them, written last (tasks.store.manifest)
    quarantine/                          damaged files, set aside
    temporary/                           files being written (local stores)
    live/, pins/                         what clean-up keeps: needs of live runs, pinned runs
    locks/, work/<key>/                  of this host: locks, and state of unfinished steps

Importing this module and constructing a Store is cheap; pyarrow is imported by the first reading.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from tasks.store.durable_file import clear_write_errors, make_folder
from tasks.store.filesystem import open_filesystem
from tasks.store.lease import Lease, LeaseState, read_lease_state
from tasks.store.lock import hold_in_store, local_folder
from tasks.store.manifest import Manifest
from tasks.store.names import check_key
from tasks.store.objects import Objects, object_path
from tasks.store.row import ObjectRef, Row
from tasks.store.rows import Rows


class Store:
    """Artifacts under one root: a local folder, or any other fsspec address.

    Safe to use from many threads and processes at once, and from many hosts at any address but a
    folder. Hosts that share a folder are safe too as far as its lock files hold between them, which
    on some network mounts they do not; there, only one at a time may compact or remove.
    Every write raises StoreFull when no space is left, with all that was recorded intact.
    """

    def __init__(self, address: str) -> None:
        """Touches nothing. A relative folder is resolved now; `~` is the home folder."""
        self._filesystem = open_filesystem(address)
        self._objects = Objects(self._filesystem)
        self._manifest = Manifest(self._filesystem)

    @classmethod
    def open(cls, address: str, *, create: bool = True) -> Store:
        """A store ready for writing, or with create=False one only to be read.

        Raises BadInput, having changed nothing, for an address that cannot hold a store. To be
        read, a store need not be there yet: it is an empty one.
        """
        store = cls(address)
        if create:
            store._filesystem.prepare()
        else:
            store._filesystem.check_readable()
        return store

    def is_there(self) -> bool:
        """Whether anything has ever been recorded in it."""
        return bool(self._filesystem.names("manifest"))

    @property
    def address(self) -> str:
        """The root in full: an absolute path, or an address with its protocol."""
        return self._filesystem.address

    @property
    def problems(self) -> list[str]:
        """What the last reading of the manifest found damaged and ignored, one line each."""
        return self._manifest.problems

    def rows(self) -> Rows:
        """The newest row of every key, as the manifest is now."""
        return self._manifest.rows()

    def find(self, key: str, kind: str | None = None) -> Row | None:
        """The newest row of `key`, read afresh. kind, where known, spares requests."""
        return self._manifest.find(key, kind)

    def find_all(self, keys: Collection[str]) -> dict[str, Row]:
        """The newest rows of those of `keys` that have one, read afresh."""
        return self._manifest.find_all(keys)

    def missing_object(self, row: Row) -> str | None:
        """None if all objects of `row` are there in full size, else a phrase that says what is not.

        Content is checked when it is read.
        """
        return self.missing_objects([row]).get(row.key)

    def missing_objects(self, rows: Collection[Row], among: int | None = None) -> dict[str, str]:
        """The same for many rows at once, by key, for those of them that miss something.

        among: about how many rows the store has in all, where known.
        """
        return self._objects.missing(rows, among)

    def put_object(self, data: bytes, extension: str) -> ObjectRef:
        """Store bytes, durably, before a row names them. The same bytes again cost nothing."""
        return self._objects.put(data, extension)

    def read_object(self, ref: ObjectRef) -> bytes:
        """Bytes proven against size and SHA-256. CorruptArtifact if missing or damaged."""
        return self._objects.read(ref)

    def object_exists(self, ref: ObjectRef) -> bool:
        return self._objects.exists(ref)

    def object_address(self, ref: ObjectRef) -> str:
        """Path of the object in a local store, its full address in any other."""
        return self._filesystem.address_of(object_path(ref))

    def record(self, row: Row) -> None:
        """Commit an artifact: from here on it is found. Replaces an earlier row of its key.

        Raises ValueError, recording nothing, if an object of the row is not there in full or a
        value of it is not plain, finite JSON.
        """
        if missing := self.missing_object(row):
            raise ValueError(f"{row.name}: {missing}; put objects before the row that names them")
        # A remote manifest takes rows without a lock: each gets a file of its own.
        is_locked = not self._filesystem.is_remote
        with self._manifest_lock() if is_locked else contextlib.nullcontext():
            self._manifest.record(row)

    def remove(self, key: str) -> None:
        """Forget `key`. Its objects stay, since other rows may name them."""
        with self._manifest_lock():
            self._manifest.remove(key)

    def compact(self) -> int:
        """Fold all parts of the manifest into one file; returns how many there were."""
        with self._manifest_lock():
            return self._manifest.compact()

    def compact_beyond(self, max_parts: int) -> int:
        """Compact if there are more than max_parts; returns how many were folded."""
        return self.compact() if self._manifest.count_parts() > max_parts else 0

    def lock(
        self, key: str, while_waiting: Callable[[], None] | None = None
    ) -> contextlib.AbstractContextManager[None]:
        """Hold `key` against all other processes; waits for the one that has it.

        Those of other hosts are kept out where the filesystem can (Filesystem.hold_everywhere).
        while_waiting is called until the lock is free; what it raises ends the wait.
        """
        return hold_in_store(self._filesystem, check_key(key), while_waiting)

    def workspace(self, key: str) -> Path:
        """A local folder for unfinished work on `key`, made if need be; kept until discarded."""
        folder = self._workspace(key)
        with clear_write_errors(str(folder), 1):
            make_folder(str(folder))
        return folder

    def discard_workspace(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._workspace(key))

    def lease(self, run_id: str) -> Lease:
        """Keep clean-up away from what the run needs, until it ends or its process does."""
        return Lease(self._filesystem, run_id)

    def lease_state(self, run_id: str) -> LeaseState:
        """Whether a run that another process began goes on here. Touches nothing."""
        return read_lease_state(self._filesystem, run_id)

    def _workspace(self, key: str) -> Path:
        return local_folder(self._filesystem) / "work" / check_key(key)

    def _manifest_lock(self) -> contextlib.AbstractContextManager[None]:
        return hold_in_store(self._filesystem, "manifest")
