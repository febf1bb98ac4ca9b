"""Sizes as messages give them."""

from __future__ import annotations

MIB, GIB = 2**20, 2**30


def show_size(size: int) -> str:
    """Bytes as "1.4 GiB" or "12.0 MiB"."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"
