"""Words of views, and text of sheets in lines that fit."""

from __future__ import annotations

import pytest

from tasks.diffusion.views import REARRANGEMENTS
from tasks.figures.drawing.style import drawable, sheet_font, wrap
from tasks.figures.words import view_words


def test_every_view_has_words_of_its_own():
    words = [view_words({"name": name}) for name in REARRANGEMENTS]
    assert len(set(words)) == len(words)
    assert not any("_" in each for each in words)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ({"name": "flip"}, "upside down"),
        ({"name": "negate"}, "in negative"),
        ({"name": "skew", "max_displacement": 50}, "columns rolled by up to 50 px"),
    ],
)
def test_views_are_named_as_they_look(view, words):
    assert view_words(view) == words


FONT = sheet_font(13)
PROMPT = (
    "A clean, minimalistic course logo of the computer vision course. A cute cartoon bear peeks "
    "from behind a square sign. Inside the square is a simple 3x3 convolution kernel diagram. "
    "Smooth bold outlines, flat look, friendly style"
)


@pytest.mark.parametrize("width", [40, 96, 128, 400])
def test_no_line_is_wider_than_allowed_and_no_word_is_lost(width):
    lines = wrap(PROMPT, FONT, width)
    assert max(map(FONT.getlength, lines)) <= width
    assert "".join(lines).replace(" ", "") == PROMPT.replace(" ", "")


def test_words_stay_whole_where_they_fit():
    assert wrap("one two three", FONT, FONT.getlength("one two")) == ["one two", "three"]


def test_equations_stay_on_one_line():
    width = FONT.getlength("i_start 10, t =")
    assert wrap("i_start 10, t = 690", FONT, width) == ["i_start 10,", "t = 690"]
    assert "".join(wrap("= a = b = c =", FONT, FONT.getlength("a = b"))).count("=") == 4


def test_word_wider_than_a_line_is_broken():
    lines = wrap("a " + "x" * 300, FONT, 100)
    assert max(map(FONT.getlength, lines)) <= 100
    assert "".join(lines) == "a" + "x" * 300


def test_markup_and_mathtext_are_plain_text():
    text = r"$\alpha^2$ <b>bold</b> &amp; {x} %s \n"
    assert wrap(text, FONT, 1000) == [text]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a \N{PANDA FACE}!", "a [panda face]!"),
        # A family is three people with joiners between, a thumb has a tone of skin.
        ("\N{WOMAN}\u200d\N{GIRL}", "[woman][girl]"),
        ("\N{THUMBS UP SIGN}\U0001f3fd", "[thumbs up sign]"),
        ("\N{SNOWMAN}\ufe0f", "\N{SNOWMAN}"),
        ("\u202ereversed\u2069 \x07", "reversed "),
        ("caf\u00e9 \N{GREEK SMALL LETTER SIGMA}", "caf\u00e9 \N{GREEK SMALL LETTER SIGMA}"),
    ],
)
def test_emoji_are_named_and_invisible_characters_left_out(text, drawn):
    assert drawable(text) == drawn


def test_nothing_gives_no_lines():
    assert wrap(" \n\t", FONT, 100) == []
