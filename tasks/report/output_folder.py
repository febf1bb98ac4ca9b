"""Writing the report: whole files only, the index last, and nothing of anybody else's touched."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks import BadInput

LIST_NAME = "report-files.json"
_OWN_FILE = re.compile(r"assets/[0-9a-f]{16}\.[a-z0-9]+|[a-z0-9-]+\.html")


def write_report_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the report in `folder` by `files` (relative path to bytes, "index.html" among them).

    Each file appears whole or not at all, assets before the pages that show them. Files of an
    earlier report that are no longer used are removed; report-files.json says which are its own.
    BadInput if the folder cannot be written or holds an index.html of another origin.
    """
    try:
        _write(folder, files)
    except OSError as error:
        raise BadInput(
            f"{folder}: the report cannot be written here ({error.strerror or error}); "
            f"choose another folder with --out"
        ) from error


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    earlier = _read_list(folder)
    if not earlier and (folder / "index.html").exists():
        raise BadInput(
            f"{folder} holds an index.html that is not a report of Darkroom; "
            f"choose another folder with --out"
        )
    # Listed before written: what a crash leaves behind is still known as the report's own.
    _write_list(folder, {*earlier, *files})
    (folder / "assets").mkdir(exist_ok=True)
    for path in sorted(files, key=lambda path: (path == "index.html", "/" not in path, path)):
        _write_file(folder / path, files[path])
    for path in earlier - files.keys():
        with contextlib.suppress(FileNotFoundError):
            (folder / path).unlink()
    with contextlib.suppress(OSError):
        (folder / "assets").rmdir()  # only goes if it is empty
    _write_list(folder, files)


def _read_list(folder: Path) -> set[str]:
    """Paths the last report wrote; anything that is not shaped like one of its files is ignored."""
    try:
        listed = json.loads((folder / LIST_NAME).read_text())["files"]
        return {path for path in listed if _OWN_FILE.fullmatch(path)}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()


def _write_list(folder: Path, paths: Iterable[str]) -> None:
    text = json.dumps({"files": sorted(paths)}, indent=1) + "\n"
    _write_file(folder / LIST_NAME, text.encode())


def _write_file(path: Path, data: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes files that only their owner may read; a report is there to be served.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
