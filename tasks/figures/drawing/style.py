"""One look for every figure: palettes of ink, one typeface, lines of text, one way to write a file.

Charts are drawn twice, on a light and on a dark ground, and the page shows the one that fits.
Sheets of digits are drawn once, on a dark ground as digits have it, which suits either page.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageFont

from tasks import StepFailed

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


_MATPLOTLIB = threading.RLock()


def _matplotlib_data() -> Path:
    """The folder of what matplotlib ships, found without importing it."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "mpl-data"


@contextmanager
def shipped_matplotlib() -> Iterator[None]:
    """matplotlib as it is shipped, for one thread at a time: neither a backend of the environment,
    nor a matplotlibrc, a style or what other code of the process has set changes a pixel."""
    with _MATPLOTLIB:
        _import_matplotlib()
        import matplotlib

        defaults = {
            name: value
            for name, value in matplotlib.rcParamsDefault.items()
            if not name.startswith("backend")
        }
        with matplotlib.rc_context(defaults):
            yield


@lru_cache
def _import_matplotlib() -> None:
    """Without the user's settings, which it reads as it is imported, and refuses if they name a
    backend that is not installed. What it has to say of them is nobody's concern."""
    settings: dict[str, str | None] = {
        "MPLBACKEND": None,
        "MATPLOTLIBRC": str(_matplotlib_data() / "matplotlibrc"),
    }
    before = {name: os.environ.get(name) for name in settings}
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        _set_environment(settings)
        # Looks for a folder to keep its list of fonts in.
        import matplotlib.font_manager  # noqa: F401
    except UnicodeDecodeError as error:
        raise StepFailed(
            f"{Path('matplotlibrc').absolute()} is not UTF-8, and matplotlib reads it wherever it "
            "is started; rename it, or run in another folder"
        ) from error
    finally:
        _set_environment(before)
        logger.setLevel(level)


def _set_environment(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def font_file(is_bold: bool = False) -> Path:
    """The typeface of charts and sheets; matplotlib ships it, so it is there on every machine."""
    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return _matplotlib_data() / "fonts" / "ttf" / name


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
    """`text` without invisible characters; what the typeface lacks stands in brackets.

    It would otherwise be an empty box. Symbols are named: "a \N{PANDA FACE}" is drawn as
    "a [panda face]"; letters of other scripts are counted off: "\u6f22\u5b57" as "[U+6F22 U+5B57]".
    """
    spelled = "".join(_drawable_character(character) for character in text)
    return re.sub(r"(?<=[0-9A-F])\]\[(?=U\+)", " ", spelled)


@lru_cache(maxsize=4096)
def _drawable_character(character: str) -> str:
    """What stands for it: itself, nothing, or its name or number in brackets."""
    is_there = all(face.get_char_index(ord(character)) for face in _typefaces())
    if character.isspace():
        return character if is_there or character == "\n" else " "
    category = unicodedata.category(character)
    # Joiners, directions and control characters; variation selectors; skin tones of emoji.
    is_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    if category in ("Cf", "Cc") or character in "\ufe0e\ufe0f" or is_tone:
        return ""
    if is_there:
        return character
    if category == "So":
        return f"[{unicodedata.name(character, 'symbol').lower()}]"
    return f"[U+{ord(character):04X}]"


@lru_cache
def _typefaces() -> tuple[FT2Font, FT2Font]:
    with shipped_matplotlib():
        from matplotlib.ft2font import FT2Font

    return FT2Font(str(font_file())), FT2Font(str(font_file(is_bold=True)))


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
