"""SHA-256 of the files of a model, which stands for them in the keys of nodes.

Gigabytes take long to hash and a plan is to answer at once, so the hash of a large file is kept
beside its size and times; a file of the hub's cache is named by its hash already.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from tasks.store.locks import host_folder

LARGE = 64 * 2**20
"""Bytes from which a hash is worth keeping: smaller files are read in a tenth of a second."""

_CHUNK = 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def files_digest(folder: Path, names: Iterable[str]) -> str:
    """One hash for the named files of `folder` and their names. Raises OSError."""
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(f"{name}\0{file_digest(folder / name)}\n".encode())
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of one file. Raises OSError."""
    found = Path(os.path.realpath(path))
    # huggingface_hub keeps large files under blobs/<SHA-256>.
    if found.parent.name == "blobs" and _SHA256.fullmatch(found.name):
        return found.name
    status = found.stat()
    if status.st_size < LARGE:
        return _hash(found)
    state = [str(found), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    kept = host_folder("digests") / f"{hashlib.sha256(str(found).encode()).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text())
        if known["state"] == state:
            return str(known["sha256"])
    digest = _hash(found)
    with contextlib.suppress(OSError):
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"state": state, "sha256": digest}))
        partial.replace(kept)
    return digest


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
