"""One look for every figure: palettes of ink, one typeface, lines of text, one way to write a file.

Charts are drawn twice, on a light and on a dark ground, and the page shows the one that fits.
Sheets of digits are drawn once, on a dark ground as digits have it, which suits either page.
"""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageFont

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font


@dataclass(frozen=True)
class Theme:
    """Colours of a chart as #rrggbb. `series` are told apart by colour-blind readers too."""

    name: str
    ground: str
    ink: str
    muted: str
    rule: str
    series: tuple[str, ...]


LIGHT = Theme(
    name="light",
    ground="#ffffff",
    ink="#1c2026",
    muted="#5b6470",
    rule="#e2e6eb",
    series=("#1f66b0", "#c75b12", "#1d8160", "#8a4fb0", "#a8325a"),
)
DARK = Theme(
    name="dark",
    ground="#171a1f",
    ink="#e7eaee",
    muted="#9ba5b1",
    rule="#2d333b",
    series=("#6fb0f5", "#f2a25c", "#5ccba0", "#c79bea", "#f08bab"),
)

SHEET_GROUND = (25, 27, 32)
SHEET_INK = (226, 230, 235)
SHEET_MUTED = (160, 169, 180)
CHOSEN = (242, 162, 92)
"""Outline and word of a picture that was chosen among several."""

SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
GAMMA = "\N{GREEK SMALL LETTER GAMMA}"

CHART_WIDTH = 880
"""Width of a chart on the page, in CSS pixels."""
CHART_DENSITY = 2
"""Pixels of a chart file for one CSS pixel."""


def font_file(is_bold: bool = False) -> Path:
    """The typeface of charts and sheets; matplotlib ships it, so it is there on every machine."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


def chart_font(size: float, is_bold: bool = False) -> FontProperties:
    """The typeface of charts at `size` points, whatever the user's own matplotlib settings."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_file(is_bold)), size=size)


@lru_cache
def sheet_font(size: int, is_bold: bool = False) -> ImageFont.FreeTypeFont:
    """The typeface of sheets at `size` pixels.

    Basic layout, since the shaping library is not there on every machine and moves glyphs.
    """
    return ImageFont.truetype(str(font_file(is_bold)), size, layout_engine=ImageFont.Layout.BASIC)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of `other` mixed in; all #rrggbb."""
    pairs = [(int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def sequence_colours(theme: Theme, count: int) -> list[str]:
    """`count` shades of one colour for checkpoints in order, the last one the strongest."""
    strong = theme.series[0]
    shares = [0.62 * (count - 1 - i) / max(count - 1, 1) for i in range(count)]
    return [mix(strong, theme.ground, share) for share in shares]


def png_bytes(image: Image.Image) -> bytes:
    """A PNG without metadata."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """`text` in lines of at most `width` pixels.

    Lines break between words, but not within "t = 690"; a word wider than a line breaks where the
    line ends. Markup and mathtext are not interpreted.
    """
    lines: list[str] = []
    for word in _words(drawable(text), font, width):
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += _broken(word, font, width)
    return lines


def drawable(text: str) -> str:
    """`text` without invisible characters; a symbol the typeface lacks is named in brackets.

    An emoji would otherwise be an empty box: "a \N{PANDA FACE}" is drawn as "a [panda face]".
    """
    return "".join(_drawable_character(character) for character in text)


@lru_cache(maxsize=4096)
def _drawable_character(character: str) -> str:
    if character.isspace():
        return character
    category = unicodedata.category(character)
    # Joiners, directions and control characters; variation selectors; skin tones of emoji.
    is_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    if category in ("Cf", "Cc") or character in "\ufe0e\ufe0f" or is_tone:
        return ""
    if category == "So" and not _typeface().get_char_index(ord(character)):
        return f"[{unicodedata.name(character, 'symbol').lower()}]"
    return character


@lru_cache
def _typeface() -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(font_file()))


def _words(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The words of `text`, an equation of three in one where it fits a line."""
    words = text.split()
    for index in range(len(words) - 2, 0, -1):
        equation = " ".join(words[index - 1 : index + 2])
        if words[index] == "=" and font.getlength(equation) <= width:
            words[index - 1 : index + 2] = [equation]
    return words


def _broken(word: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """`word` in pieces of at most `width` pixels, each at least one character."""
    pieces = [""]
    for character in word:
        if pieces[-1] and font.getlength(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
