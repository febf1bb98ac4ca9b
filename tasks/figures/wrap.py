"""Text of sheets: plain, of glyphs the typeface has, broken into lines that fit."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from matplotlib.ft2font import FT2Font
from PIL import ImageFont

from tasks.figures.style import font_file


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
