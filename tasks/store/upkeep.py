"""What maintenance may do to a store, also while runs use it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.store.filesystem import StoredFile
from tasks.store.lease import LeaseRecord, cleaning_lock, read_leases
from tasks.store.lock import local_folder, lock_file
from tasks.store.manifest_upkeep import DamagedFile, ManifestUpkeep
from tasks.store.names import check_key
from tasks.store.objects import Objects
from tasks.store.pins import Pins
from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store
from tasks.store.workspaces import Workspace, delete_workspace, list_workspaces

LARGE_OBJECT = 16 * 2**20
"""Bytes."""

_OBJECT = re.compile(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}\.[a-z0-9]{1,16}")


class Upkeep:
    """Ages are given as a moment, in POSIX seconds: what is younger stays."""

    def __init__(self, store: Store) -> None:
        self._filesystem = store._filesystem
        self._manifest_lock = store._manifest_lock
        self._manifest = ManifestUpkeep(self._filesystem)
        self._objects = Objects(self._filesystem)
        self.pins = Pins(self._filesystem)

    def cleaning(self) -> contextlib.AbstractContextManager[None]:
        """Keep runs from beginning, and other clean-ups out, for a moment."""
        return cleaning_lock(self._filesystem)

    def now(self) -> float:
        """POSIX seconds by the clock that dates the store's files."""
        return self._filesystem.now()

    def leases(self) -> list[LeaseRecord]:
        return read_leases(self._filesystem)

    def objects(self) -> list[StoredFile]:
        """Every object, named by a row or not. Files that are none are not the store's."""
        return [file for file in self._filesystem.files("objects") if _OBJECT.fullmatch(file.path)]

    def quarantined(self) -> list[StoredFile]:
        """Damaged files that were moved out of the way."""
        return self._filesystem.files("quarantine")

    def workspaces(self) -> list[Workspace]:
        """State of unfinished steps on this host."""
        return list_workspaces(self._local / "work")

    def damage(self, refs: Sequence[ObjectRef]) -> list[str | None]:
        """For each, None for a whole object, else what is wrong with it. Changes nothing."""
        # Several large ones at once would not fit into memory.
        small = [ref for ref in refs if ref.size < LARGE_OBJECT]
        found = dict(zip(small, self._filesystem.each(self._objects.damage, small), strict=True))
        return [found[ref] if ref in found else self._objects.damage(ref) for ref in refs]

    def set_object_aside(self, ref: ObjectRef) -> str | None:
        """Out of the way if it is damaged still. Returns what is wrong with it, as `damage`."""
        return self._objects.set_aside(ref)

    def damaged_files(self) -> list[DamagedFile]:
        """Of the manifest."""
        return self._manifest.damaged_files()

    def set_damaged_rows_aside(self) -> int:
        """Returns how many files of the manifest were moved to quarantine/."""
        with self._manifest_lock():
            return self._manifest.set_damage_aside()

    def remove_rows(self, rows: Iterable[Row]) -> list[Row]:
        """Forget rows, except those recorded anew since they were read. Returns which are gone."""
        with self._manifest_lock():
            return self._manifest.remove_rows(rows)

    def delete_files(self, paths: Sequence[str], moment: float) -> set[str]:
        """Delete objects, leases or files set aside. Returns those that are gone."""
        gone = self._filesystem.each(
            lambda path: self._filesystem.delete_if_older(path, moment), paths
        )
        return {path for path, is_gone in zip(paths, gone, strict=True) if is_gone}

    def delete_workspace(self, key: str, moment: float) -> bool:
        """False, with nothing deleted, while a step works in it."""
        return delete_workspace(
            self._local / "work" / check_key(key), lock_file(self._filesystem, key), moment
        )

    @property
    def _local(self) -> Path:
        return local_folder(self._filesystem)
