"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """name: what was looked at. text: what was found, and what to do about it where that is not
    well. level: only a problem keeps something from working, and makes the command fail.
    is_fixed: it was a problem, and --fix mended it."""

    name: str
    level: Level
    text: str
    is_fixed: bool = False

    @property
    def is_wrong(self) -> bool:
        return self.level == "problem" and not self.is_fixed
