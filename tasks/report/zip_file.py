"""Files as one zip whose bytes depend on nothing but them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold; every member has it, so that equal contents are equal bytes."""


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """files: path in the zip to content."""
    buffer = io.BytesIO()
    # Stored, not deflated: images and Parquet do not shrink, and zlib's bytes vary by its version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, wherever it is made
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name])
    return buffer.getvalue()


def files_below(folder: Path) -> dict[str, bytes]:
    """Path from `folder` to content, of every file below it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
