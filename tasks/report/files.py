"""The files of a report: pages rendered from templates, what they show, written whole, zipped."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks import BadInput
from tasks.store.local_files import write_local_file

_MEDIA_TYPES = {
    "css": "text/css",
    "csv": "text/csv",
    "js": "text/javascript",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "webp": "image/webp",
}


PDF_MARK = b"% Darkroom\n"
"""Ends a PDF of a report: a comment, behind what readers of PDFs read."""


class Assets(Protocol):
    """Where assets go. `add` returns what a page writes into src or href.
    are_inside: whether the page holds them itself."""

    @property
    def are_inside(self) -> bool: ...

    def add(self, data: bytes, extension: str) -> str: ...


def asset_path(sha256: str, extension: str) -> str:
    """Where a report keeps a file, beside its pages. sha256: of what it holds."""
    return f"assets/{sha256[:16]}.{extension}"


class AssetFolder:
    """assets/<first 16 digits of the SHA-256>.<extension>, beside the pages."""

    are_inside = False

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes, extension: str) -> str:
        path = asset_path(hashlib.sha256(data).hexdigest(), extension)
        self.files[path] = data
        return path


class EmbeddedAssets:
    """data: addresses, for a page that is one file."""

    are_inside = True

    def add(self, data: bytes, extension: str) -> str:
        media_type = _MEDIA_TYPES.get(extension, "application/octet-stream")
        return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


_HERE = Path(__file__).parent
_LAST_SCRIPT = "start.js"
_UNDER_WAY_SCRIPT = "under_way.js"


def render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()


def beside_pages(assets: AssetFolder, is_under_way: bool = False) -> dict[str, object]:
    """What pages of a folder need to find their style and script. is_under_way: pages that ask
    what is new."""
    return {
        "style_address": assets.add(_static("style.css").encode(), "css"),
        "script_address": assets.add(_script(is_under_way).encode(), "js"),
        "is_single": False,
    }


def inside_page() -> dict[str, object]:
    """Style and script of a page that is one file."""
    return {"style": Markup(_static("style.css")), "script": Markup(_script()), "is_single": True}


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # The filter tojson writes <, >, & and ' as \\u003c and so on: no prompt can end a script.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return environment


@lru_cache
def _script(is_under_way: bool = False) -> str:
    """All of static/script as one file: pages opened from disk cannot load modules."""
    names = sorted(path.name for path in (_HERE / "static" / "script").glob("*.js"))
    names.sort(key=lambda name: name == _LAST_SCRIPT)
    parts = [_static(f"script/{name}") for name in names]
    if is_under_way:
        # Before the last one, which begins to change the page.
        parts.insert(-1, _static(_UNDER_WAY_SCRIPT))
    return "\n".join(['"use strict";\n(() => {', *parts, "})();\n"])


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


LIST_NAME = "report-files.json"
_OWN_FILE = re.compile(r"assets/[0-9a-f]{16}\.[a-z0-9]+|[a-z0-9-]+\.html|news\.js")


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
    of_others = [
        path
        for path in sorted({*files, LIST_NAME} if not earlier else files.keys() - earlier)
        if os.path.lexists(folder / path) and not _holds(folder / path, files.get(path))
    ]
    if of_others:
        raise BadInput(
            f"{folder} holds a file {of_others[0]} that is not a report of Darkroom; "
            f"choose another folder with --out"
        )
    # Listed before written: what a crash leaves behind is still known as the report's own.
    _write_list(folder, {*earlier, *files})
    (folder / "assets").mkdir(exist_ok=True)
    for path in sorted(files, key=lambda path: (path == "index.html", "/" not in path, path)):
        write_file(folder / path, files[path])
    for path in earlier - files.keys():
        with contextlib.suppress(FileNotFoundError):
            (folder / path).unlink()
    with contextlib.suppress(OSError):
        (folder / "assets").rmdir()  # only goes if it is empty
    _write_list(folder, files)


def _holds(path: Path, data: bytes | None) -> bool:
    try:
        return data is not None and path.read_bytes() == data
    except OSError:
        return False


GENERATOR = b'<meta name="generator" content="Darkroom">'
"""In the head of every page."""


def replace_own_file(path: Path, data: bytes, option: str) -> None:
    """Write a page, PDF or zip that the user has named with `option`, over one of Darkroom or none.

    Raises BadInput, and leaves the file as it is, if something else is there or it cannot be
    written.
    """
    if os.path.lexists(path) and not _is_own(path):
        raise BadInput(
            f"{path} is there already and not of Darkroom; choose another file with {option}, or "
            "move it away"
        )
    try:
        write_local_file(path, data)
    except BadInput as error:
        raise BadInput(f"{path} cannot be written; choose another file with {option}") from error


def _is_own(path: Path) -> bool:
    """Whether a file is a page, a PDF or a zip of a report; an empty one is nobody's loss."""
    try:
        if path.is_file() and path.stat().st_size == 0:
            return True
        if path.suffix == ".pdf":
            return path.read_bytes().endswith(PDF_MARK)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return f"report/{LIST_NAME}" in archive.namelist()
        with path.open("rb") as file:
            return GENERATOR in file.read(4096)
    except (OSError, zipfile.BadZipFile):
        return False


def _read_list(folder: Path) -> set[str]:
    """Paths the last report wrote; anything that is not shaped like one of its files is ignored."""
    try:
        listed = json.loads((folder / LIST_NAME).read_text())["files"]
        return {path for path in listed if _OWN_FILE.fullmatch(path)}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()


def _write_list(folder: Path, paths: Iterable[str]) -> None:
    text = json.dumps({"files": sorted(paths)}, indent=1) + "\n"
    write_file(folder / LIST_NAME, text.encode())


def write_file(path: Path, data: bytes) -> None:
    """The whole file or nothing new; one that holds the same is left alone."""
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
