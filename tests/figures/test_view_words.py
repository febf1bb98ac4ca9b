from __future__ import annotations

import pytest

from tasks.diffusion.views import REARRANGEMENTS
from tasks.figures.view_words import view_words


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
