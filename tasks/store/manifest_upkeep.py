"""What upkeep does to the manifest, beyond what runs need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.store.compacted_file import CompactedFile
from tasks.store.manifest import Manifest, ManifestFile, newest_of
from tasks.store.row import Row
from tasks.store.row_file import rows_to_table
from tasks.store.rows import Rows


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
        """Every file with rows that cannot be read. Reads all of it; needs no lock."""
        return [
            DamagedFile(self._filesystem.address_of(file.path), str(problem), file.is_newer_schema)
            for file in self._read_whole()
            for problem in file.problems[:1]
        ]

    def remove_rows(self, rows: Iterable[Row]) -> list[Row]:
        """Forget these rows, and older ones of their keys. Returns those that are gone.

        A row recorded anew since it was read stays.
        """
        doomed = list(rows)
        # What is decided on is what goes: other hosts may record while this goes on.
        parts, compacted = self._parts(), self._compacted()
        newest = Rows(newest_of(parts), compacted).select([row.key for row in doomed])
        gone = {row.key: row for row in doomed if newest.get(row.key) in (None, row)}
        self._retire_all([part for part in parts if part.row and part.row.key in gone])
        self._remove_from_compacted(gone, compacted)
        return list(gone.values())

    def set_damage_aside(self) -> int:
        """Move damaged files to quarantine/; what can be read of them is written anew first.

        Returns how many. A file of a newer schema is whole as far as can be told, and stays; so
        does one that could not be read at all.
        """
        damaged = [file for file in self._read_whole() if file.problems]
        damaged = [file for file in damaged if file.can_be_read and not file.is_newer_schema]
        for file in damaged:
            if isinstance(file, CompactedFile) and (rows := list(file.rows())):
                self._write_compacted(rows_to_table(rows))
            self._retire(file)
        return len(damaged)

    def _read_whole(self) -> list[ManifestFile]:
        """Every file, each row decoded once, so that all damage is found."""
        compacted = self._compacted()
        for file in compacted:
            for _ in file.rows():
                pass
        return [*self._parts(), *compacted]
