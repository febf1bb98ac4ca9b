"""Copies on this host of immutable remote files, which are named by their SHA-256.

Fetched once, they spare each command the whole manifest. A copy is checked as it is made, and one
that no manifest names any more goes after a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

from tasks import DarkroomError
from tasks.store.durable_file import write_local_file

STALE_SECONDS = 24 * 3600.0


def local_copy(folder: Path, name: str, fetch: Callable[[], bytes]) -> str | bytes:
    """Path of the copy in `folder` of the file of this name, fetched if need be.

    Its bytes where no copy can be made, and where they are not those that the name promises.
    """
    path = folder / name
    if path.is_file():
        return str(path)
    data = fetch()
    if hashlib.sha256(data).hexdigest() != path.stem:
        return data
    try:
        write_local_file(path, data)
    except (DarkroomError, OSError):
        return data
    return str(path)


def sweep_copies(folder: Path, named: Collection[str]) -> None:
    """Delete copies of files that are not among `named` and were made more than a day ago."""
    oldest = time.time() - STALE_SECONDS
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name not in named and entry.stat().st_mtime < oldest:
                os.unlink(entry.path)
