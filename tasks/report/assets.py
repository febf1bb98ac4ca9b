"""Files a page shows, named by what they hold; or the same files inside the page."""

from __future__ import annotations

import base64
import hashlib
from typing import Protocol

_MEDIA_TYPES = {
    "css": "text/css",
    "csv": "text/csv",
    "js": "text/javascript",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "webp": "image/webp",
}


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
