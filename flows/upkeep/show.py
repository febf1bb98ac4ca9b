"""Words that the upkeep commands share."""

from __future__ import annotations

from datetime import datetime

SHORT_ID = 12
"""Digits of a run's id or a key that are shown; commands take any beginning that is unique."""


def moment(created_at: str) -> str:
    """ISO 8601 to the minute, in the time of this place."""
    return datetime.fromisoformat(created_at).astimezone().strftime("%Y-%m-%d %H:%M")


def amount(size: int) -> str:
    """Bytes as people read them: 512 bytes, 3.4 MB."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 object, 2 objects."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
