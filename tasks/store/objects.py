"""Immutable objects, named by their content: objects/<aa>/<sha256>.<extension>."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Mapping

from tasks.store.errors import CorruptArtifact
from tasks.store.filesystem import Filesystem, quarantine_path
from tasks.store.names import check_extension
from tasks.store.row import ObjectRef, Row

FOLDER = "objects"
MISSING = "missing"
UNREADABLE = "cannot be read"


class Objects:
    def __init__(self, filesystem: Filesystem) -> None:
        self._filesystem = filesystem

    def put(self, data: bytes, extension: str) -> ObjectRef:
        """Store `data` durably. An object already there, whole, is left alone."""
        ref = ObjectRef(hashlib.sha256(data).hexdigest(), len(data), check_extension(extension))
        path = object_path(ref)
        if self._filesystem.size(path) == ref.size and self._holds(path, data):
            # Not there any more: clean-up deleted it between these two lines.
            with contextlib.suppress(FileNotFoundError):
                self._filesystem.settle(path)
                return ref
        self._filesystem.write(path, data)
        return ref

    def read(self, ref: ObjectRef) -> bytes:
        """All bytes, proven against size and SHA-256.

        Raises CorruptArtifact for a missing object and for a damaged one, which is moved to
        quarantine/ so that the next write puts a whole one in its place.
        """
        path = object_path(ref)
        address = self._filesystem.address_of(path)
        try:
            data = self._filesystem.read(path)
        except FileNotFoundError as error:
            raise CorruptArtifact(
                f"{address} is missing; run again to make it anew", ref.sha256
            ) from error
        except OSError as error:
            raise CorruptArtifact(f"{address} cannot be read: {error}", ref.sha256) from error
        if len(data) == ref.size and hashlib.sha256(data).hexdigest() == ref.sha256:
            return data
        # A store that may only be read keeps the damaged object where it is.
        with contextlib.suppress(OSError):
            self._filesystem.move(path, quarantine_path(path))
        what = (
            f"is truncated ({len(data):,} of {ref.size:,} bytes)"
            if len(data) < ref.size
            else "does not match its SHA-256"
        )
        raise CorruptArtifact(
            f"{address} {what}; it was set aside, run again to make it anew", ref.sha256
        )

    def damage(self, ref: ObjectRef) -> str | None:
        """None if all bytes are there as its hash says, else what is wrong. Changes nothing.

        "missing", "truncated (10 of 200 bytes)", "does not match its SHA-256" or "cannot be read
        (...)"; the last says nothing of its content.
        """
        try:
            data = self._filesystem.read(object_path(ref))
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            return f"{UNREADABLE} ({error.strerror or error})"
        if len(data) < ref.size:
            return f"truncated ({len(data):,} of {ref.size:,} bytes)"
        is_whole = len(data) == ref.size and hashlib.sha256(data).hexdigest() == ref.sha256
        return None if is_whole else "does not match its SHA-256"

    def set_aside(self, ref: ObjectRef) -> str | None:
        """Move a damaged object to quarantine/, so that the next write puts a whole one there.

        Returns what is wrong with it, as `damage` does; one that is whole or cannot be read stays.
        """
        path, what = object_path(ref), self.damage(ref)
        if what is not None and not what.startswith(UNREADABLE):
            with contextlib.suppress(FileNotFoundError):
                self._filesystem.move(path, quarantine_path(path))
        return what

    def exists(self, ref: ObjectRef) -> bool:
        """Whether it is there with the right size."""
        return self._filesystem.size(object_path(ref)) == ref.size

    def missing(self, rows: Collection[Row], among: int | None = None) -> dict[str, str]:
        """What is wrong, by key, with those of `rows` whose objects are not all there in full size.

        among: about how many rows there are in all, where known.
        """
        paths = {object_path(ref) for row in rows for ref in row.objects.values()}
        if among is not None:
            among = max(len(paths), len(paths) * among // max(1, len(rows)))
        sizes = self._filesystem.sizes(paths, FOLDER, among)
        found = {row.key: _first_missing(row, sizes) for row in rows}
        return {key: phrase for key, phrase in found.items() if phrase is not None}

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self._filesystem.read(path) == data
        except OSError:
            return False


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


def object_path(ref: ObjectRef) -> str:
    return f"{FOLDER}/{ref.sha256[:2]}/{ref.sha256}.{ref.extension}"
