"""The table of concepts: which phrases the pocket model learns, and from which glyphs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks import BadInput


@dataclass(frozen=True)
class Part:
    """One glyph, or a drawing of our own ("@name"), in a scene.

    x, y: its centre; size: its side; all in fractions of the picture's side.
    """

    glyph: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Concept:
    """phrase: how a caption names it. aliases: other words for the same picture.
    parts: what it is drawn from, back to front. is_mirrored: its mirror image means the same.
    """

    phrase: str
    aliases: tuple[str, ...]
    parts: tuple[Part, ...]
    is_mirrored: bool

    @property
    def phrases(self) -> tuple[str, ...]:
        return (self.phrase, *self.aliases)


WHOLE_PICTURE = 0.94
"""Side of a glyph that is the whole picture, in fractions of it."""


def read_concepts(path: Path) -> list[Concept]:
    """Concepts of a table such as data/pocket/concepts.yaml, in its order.

    Raises BadInput naming the entry that is wrong.
    """
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: the table of concepts cannot be read: {error}") from None
    expected = {"single", "scene", "aliases", "fixed"}
    if not isinstance(table, dict) or set(table) - expected:
        raise BadInput(f"{path}: expected a mapping with {', '.join(sorted(expected))}")
    parts: dict[str, tuple[Part, ...]] = {
        phrase: (Part(str(glyph), 0.5, 0.5, WHOLE_PICTURE),)
        for phrase, glyph in (table.get("single") or {}).items()
    }
    for phrase, scene in (table.get("scene") or {}).items():
        if phrase in parts:
            raise BadInput(f"{path}: {phrase!r} is both a single glyph and a scene; keep one")
        parts[phrase] = tuple(_part(path, phrase, entry) for entry in scene)
    aliases = table.get("aliases") or {}
    fixed = set(table.get("fixed") or ())
    for phrase in [*aliases, *fixed]:
        if phrase not in parts:
            raise BadInput(f"{path}: {phrase!r} is no concept; name one of single or scene")
    return [
        Concept(phrase, tuple(aliases.get(phrase, ())), scene, phrase not in fixed)
        for phrase, scene in parts.items()
    ]


def _part(path: Path, phrase: str, entry: Any) -> Part:
    match entry:
        case [str(glyph), float(x) | int(x), float(y) | int(y), float(size) | int(size)]:
            return Part(glyph, float(x), float(y), float(size))
    raise BadInput(f"{path}: scene {phrase!r}: {entry!r}; expected [glyph, x, y, size]")
