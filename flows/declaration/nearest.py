"""The name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that look like `name`, the likeliest first."""
    return difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
