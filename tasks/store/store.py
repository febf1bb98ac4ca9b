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
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tasks import BadInput
from tasks.store import CorruptArtifact
from tasks.store.filesystem import Filesystem, quarantine_path
from tasks.store.local_files import (
    LocalFilesystem,
    clear_write_errors,
    given_path,
    make_folder,
)
from tasks.store.locks import Lease, LeaseState, hold_in_store, read_lease_state
from tasks.store.manifest import Manifest
from tasks.store.node import check_key
from tasks.store.row import ObjectRef, Row, object_path
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
        paths = {object_path(ref) for row in rows for ref in row.objects.values()}
        if among is not None:
            among = max(len(paths), len(paths) * among // max(1, len(rows)))
        sizes = self._filesystem.sizes(paths, "objects", among)
        found = {row.key: _first_missing(row, sizes) for row in rows}
        return {key: phrase for key, phrase in found.items() if phrase is not None}

    def put_object(self, data: bytes, extension: str) -> ObjectRef:
        """Store bytes, durably, before a row names them. The same bytes again cost nothing."""
        ref = ObjectRef(hashlib.sha256(data).hexdigest(), len(data), extension)
        path = object_path(ref)
        if self.object_exists(ref) and self._holds(path, data):
            # Not there any more: clean-up deleted it between these two lines.
            with contextlib.suppress(FileNotFoundError):
                self._filesystem.settle(path)
                return ref
        self._filesystem.write(path, data)
        return ref

    def read_object(self, ref: ObjectRef) -> bytes:
        """All bytes, proven against size and SHA-256.

        Raises CorruptArtifact for a missing object and for a damaged one, which is moved to
        quarantine/ so that the next write puts a whole one in its place.
        """
        path, address = object_path(ref), self.object_address(ref)
        try:
            data = self._filesystem.read(path)
        except FileNotFoundError as error:
            raise CorruptArtifact(
                f"{address} is missing; run again to make it anew", ref.sha256
            ) from error
        except OSError as error:
            raise CorruptArtifact(f"{address} cannot be read: {error}", ref.sha256) from error
        damage = ref.damage_of(data)
        if damage is None:
            return data
        # A store that may only be read keeps the damaged object where it is.
        with contextlib.suppress(OSError):
            self._filesystem.move(path, quarantine_path(path))
        what = f"is {damage}" if damage.startswith("truncated") else damage
        raise CorruptArtifact(
            f"{address} {what}; it was set aside, run again to make it anew", ref.sha256
        )

    def object_exists(self, ref: ObjectRef) -> bool:
        """Whether it is there with the right size."""
        return self._filesystem.size(object_path(ref)) == ref.size

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

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self._filesystem.read(path) == data
        except OSError:
            return False

    def _workspace(self, key: str) -> Path:
        return self._filesystem.local_folder / "work" / check_key(key)

    def _manifest_lock(self) -> contextlib.AbstractContextManager[None]:
        return hold_in_store(self._filesystem, "manifest")


def local_folder(address: str) -> Path | None:
    """The folder that the address of a store names, None if it lies elsewhere. Raises BadInput."""
    if not isinstance(address, str) or not address.strip() or "\0" in address:
        raise BadInput(f"store address {address!r} is empty or not text; name a folder")
    protocol, separator, rest = address.partition("://")
    if separator and protocol not in ("file", "local"):
        return None
    return given_path(rest if separator else address)


def open_filesystem(address: str) -> Filesystem:
    """The filesystem of any fsspec address. BadInput if the address names none; touches nothing."""
    if (folder := local_folder(address)) is not None:
        return LocalFilesystem(os.path.abspath(folder))
    # fsspec's import alone takes 50 ms, botocore's 400.
    if address.startswith(("s3://", "s3a://")):
        from tasks.store.s3_files import S3Filesystem

        return S3Filesystem(address)
    from tasks.store.remote_files import RemoteFilesystem

    return RemoteFilesystem(address)


def _first_missing(row: Row, sizes: Mapping[str, int]) -> str | None:
    for name, ref in row.objects.items():
        size = sizes.get(object_path(ref))
        if size is None:
            return f"object {name} is missing"
        if size < ref.size:
            return f"object {name} is truncated ({size:,} of {ref.size:,} bytes)"
        if size > ref.size:
            return f"object {name} has the wrong size ({size:,} for {ref.size:,} bytes)"
    return None
