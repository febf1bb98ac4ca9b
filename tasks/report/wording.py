"""How numbers, times and parameters are written on a page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def number(value: float) -> str:
    """Four significant digits, thousands apart, whole numbers whole."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(value: float) -> str:
    return f"{value * 100:.4g} %"


def duration(seconds: float | None) -> str:
    """ "0.42 s", "3 min 12 s", "2 h 05 min"; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def moment(iso: str) -> str:
    """ "2026-01-31 14:05 UTC"; text that is no time is left as it is."""
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    time = time.astimezone(UTC) if time.tzinfo else time
    return time.strftime("%Y-%m-%d %H:%M UTC")


def plain(value: Any) -> str:
    """A JSON value in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(name)} {plain(item)}" for name, item in value.items())
    return str(value)


def spaced(name: str) -> str:
    """guidance_scale as "guidance scale"."""
    return name.replace("_", " ")


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens only; "x" for text that has none."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
