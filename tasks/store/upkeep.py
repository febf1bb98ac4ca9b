"""What maintenance may do to a store, also while runs use it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.store.filesystem import Filesystem, StoredFile, quarantine_path
from tasks.store.locks import LeaseRecord, cleaning_lock, lock_file, read_leases, try_lock
from tasks.store.manifest import DamagedFile, Manifest
from tasks.store.node import JSON, check_key
from tasks.store.row import ObjectRef, Row, object_path
from tasks.store.store import Store

MISSING = "missing"
UNREADABLE = "cannot be read"

LARGE_OBJECT = 16 * 2**20
"""Bytes."""

_OBJECT = re.compile(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}\.[a-z0-9]{1,16}")
_KEY = re.compile(r"[0-9a-f]{64}")
_PIN = re.compile(r"([0-9a-f]{64})\.json")


@dataclass(frozen=True)
class Workspace:
    """State of an unfinished step on this host.

    size: bytes of all its files. modified: POSIX seconds of the newest of them.
    """

    key: str
    size: int
    modified: float


class Pins:
    """Runs that clean-up keeps, whatever came after them: pins/<key of the run's row>.json.

    The name alone pins, so a damaged pin still holds.
    """

    def __init__(self, filesystem: Filesystem) -> None:
        self._filesystem = filesystem

    def add(self, key: str, note: Mapping[str, JSON]) -> None:
        """Pin the run whose row has this key, durably. note: for people who look into the file."""
        self._filesystem.write(_pin(key), json.dumps(dict(note), indent=1).encode())

    def remove(self, key: str) -> None:
        self._filesystem.delete(_pin(key))

    def pinned(self) -> set[str]:
        """Keys of the rows of all pinned runs."""
        names = (_PIN.fullmatch(name) for name in self._filesystem.names("pins"))
        return {name[1] for name in names if name is not None}


class Upkeep:
    """Ages are given as a moment, in POSIX seconds: what is younger stays."""

    def __init__(self, store: Store) -> None:
        self._filesystem = store._filesystem
        self._manifest_lock = store._manifest_lock
        self._manifest = Manifest(self._filesystem)
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
        root = self._filesystem.local_folder / "work"
        folders = sorted(root.iterdir()) if root.is_dir() else []
        return [
            _measure(folder)
            for folder in folders
            if _KEY.fullmatch(folder.name) and folder.is_dir()
        ]

    def damage(self, refs: Sequence[ObjectRef]) -> list[str | None]:
        """For each, None for a whole object, else what is wrong with it. Changes nothing.

        "missing", "truncated (10 of 200 bytes)", "does not match its SHA-256" or "cannot be read
        (...)"; the last says nothing of its content.
        """
        # Several large ones at once would not fit into memory.
        small = [ref for ref in refs if ref.size < LARGE_OBJECT]
        found = dict(zip(small, self._filesystem.each(self._damage, small), strict=True))
        return [found[ref] if ref in found else self._damage(ref) for ref in refs]

    def set_object_aside(self, ref: ObjectRef) -> str | None:
        """Move it to quarantine/ if it is damaged still, so that the next write puts a whole one.

        Returns what is wrong with it, as `damage`; one that is whole or cannot be read stays.
        """
        path, what = object_path(ref), self._damage(ref)
        if what is not None and not what.startswith(UNREADABLE):
            with contextlib.suppress(FileNotFoundError):
                self._filesystem.move(path, quarantine_path(path))
        return what

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
        """If nothing was written there since `moment`. Returns whether it is gone.

        False, with nothing deleted, while a step works in it.
        """
        folder = self._filesystem.local_folder / "work" / check_key(key)
        path = lock_file(self._filesystem, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = try_lock(path)
        if lock is None:
            return False
        try:
            if not folder.is_dir():
                return True
            if _measure(folder).modified >= moment:
                return False
            shutil.rmtree(folder)
            return True
        finally:
            lock.release()

    def _damage(self, ref: ObjectRef) -> str | None:
        try:
            return ref.damage_of(self._filesystem.read(object_path(ref)))
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            return f"{UNREADABLE} ({error.strerror or error})"


def _pin(key: str) -> str:
    return f"pins/{check_key(key)}.json"


def _measure(folder: Path) -> Workspace:
    size, modified = 0, 0.0
    for path in [folder, *folder.rglob("*")]:
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # the step goes on
        modified = max(modified, status.st_mtime)
        if path.is_file():
            size += status.st_size
    return Workspace(folder.name, size, modified)
