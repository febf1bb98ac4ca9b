"""Fragments of addresses inside a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tasks.report.wording import slug


def unique_anchors(prefix: str, names: Sequence[str]) -> list[str]:
    """A fragment for each name; names that read alike as a fragment get a number."""
    taken: Counter[str] = Counter()
    anchors = []
    for name in names:
        anchor = f"{prefix}{slug(name)}"
        taken[anchor] += 1
        anchors.append(anchor if taken[anchor] == 1 else f"{anchor}--{taken[anchor]}")
    return anchors
