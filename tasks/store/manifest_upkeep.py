"""What upkeep does to the manifest, beyond what runs need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.store.manifest import Manifest
from tasks.store.row import Row


@dataclass(frozen=True)
class DamagedFile:
    """A file of the manifest with rows that cannot be read. address: in full.

    is_newer_schema: a newer Darkroom wrote it, so it is no damage.
    """

    address: str
    problem: str
    is_newer_schema: bool


class ManifestUpkeep(Manifest):
    """The caller holds the manifest lock."""

    def damaged_files(self) -> list[DamagedFile]:
        """Every file with rows that cannot be read. Needs no lock."""
        return [
            DamagedFile(self._filesystem.address_of(file.path), str(problem), file.is_newer_schema)
            for file in [*self._parts(), *self._compacted()]
            for problem in file.problems[:1]
        ]

    def remove_rows(self, rows: Iterable[Row]) -> list[Row]:
        """Forget these rows, and older ones of their keys. Returns those that are gone.

        A row recorded anew since it was read stays. Linear in the rows of the manifest.
        """
        newest = self.rows()
        gone = {row.key: row for row in rows if newest.get(row.key) in (None, row)}
        for file in self._parts():
            if file.rows and not file.problems and file.rows[0].key in gone:
                self._retire(file)
        for file in self._compacted():
            kept = [row for row in file.rows if row.key not in gone]
            if len(kept) == len(file.rows):
                continue
            if kept:
                self._write_compacted(kept)
            self._retire(file)
        return list(gone.values())

    def set_damage_aside(self) -> int:
        """Move damaged files to quarantine/; what can be read of them is written anew first.

        Returns how many. A file of a newer schema is whole as far as can be told, and stays; so
        does one that could not be read at all.
        """
        damaged = [file for file in self._parts() if file.problems]
        compacted = [file for file in self._compacted() if file.problems]
        moved = 0
        for file in [*damaged, *compacted]:
            if file.is_newer_schema or file.data is None:
                continue
            if file.rows:
                self._write_compacted(file.rows)
            self._retire(file)
            moved += 1
        return moved
