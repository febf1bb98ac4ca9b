"""Pictures of the report, small enough for Prefect's interface."""

from __future__ import annotations

import io
import re

MAX_BYTES = 64 * 1024
LONGEST_SIDE = 640
"""Pixels, to begin with."""

SHRINK = 0.75

_ADDRESS = re.compile(r"/?thumbnails/([0-9a-f]{16}\.png)")


def thumbnail_path(asset: str) -> str:
    """Where the report server has the thumbnail of an asset of the report."""
    return f"thumbnails/{asset.rsplit('/', 1)[-1]}"


def asset_of(path: str) -> str | None:
    """The path of the asset whose thumbnail `path` asks for; None if it asks for something else."""
    match = _ADDRESS.fullmatch(path)
    return f"/assets/{match[1]}" if match else None


def thumbnail(data: bytes) -> bytes:
    """A picture as PNG of at most MAX_BYTES, itself if it is one. OSError if it is no picture."""
    from PIL import Image

    from tasks.data.images import to_rgb

    if len(data) <= MAX_BYTES:
        return data
    with Image.open(io.BytesIO(data)) as opened:
        picture = to_rgb(opened)
    side = min(LONGEST_SIDE, max(picture.size))
    while True:
        small = picture.copy()
        small.thumbnail((side, side))
        buffer = io.BytesIO()
        small.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
        side = int(side * SHRINK)
