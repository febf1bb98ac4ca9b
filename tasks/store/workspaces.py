"""Local folders of unfinished steps, work/<key>/: which there are, and deleting one safely."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Workspace:
    """size: bytes of all its files. modified: POSIX seconds of the newest of them."""

    key: str
    size: int
    modified: float


def list_workspaces(root: Path) -> list[Workspace]:
    """Those below `root`, by key."""
    if not root.is_dir():
        return []
    folders = sorted(folder for folder in root.iterdir() if _KEY.fullmatch(folder.name))
    return [_measure(folder) for folder in folders if folder.is_dir()]


def delete_workspace(folder: Path, lock: Path, moment: float) -> bool:
    """Delete a workspace if nobody works in it and nothing was written there since `moment`.

    lock: of its key, held while it is deleted. moment: POSIX seconds. Returns whether it is gone.
    """
    from filelock import FileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(str(lock))
    try:
        held.acquire(timeout=0)
    except Timeout:
        return False
    try:
        if not folder.is_dir():
            return True
        if _measure(folder).modified >= moment:
            return False
        shutil.rmtree(folder)
        return True
    finally:
        held.release()


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
