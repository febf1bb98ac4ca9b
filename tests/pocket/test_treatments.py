"""Style words act: each treatment changes every subject, in a way of its own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tasks.pocket.treatments import STYLES


def subject(colour: tuple[int, int, int] = (200, 40, 40)) -> Image.Image:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((*colour, 255), (16, 16, 48, 48))
    return picture


@pytest.mark.parametrize("style", STYLES)
def test_a_treatment_gives_a_picture_in_range_that_shows_its_subject(style: str) -> None:
    treatment, _ = STYLES[style]
    with_subject = treatment(subject(), np.random.default_rng(0))
    without = treatment(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), np.random.default_rng(0))
    assert with_subject.shape == (64, 64, 3)
    assert with_subject.min() >= 0
    assert with_subject.max() <= 1
    assert np.abs(with_subject - without)[16:48, 16:48].mean() > 0.04


def test_any_two_styles_differ_on_one_subject() -> None:
    drawn = {
        name: treatment(subject(), np.random.default_rng(0))
        for name, (treatment, _) in STYLES.items()
    }
    names = list(drawn)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(drawn[one] - drawn[other]).mean() > 0.02, (one, other)


@pytest.mark.parametrize("style", ["lithograph", "pencil drawing"])
def test_prints_and_pencils_lose_the_colour_of_their_subject(style: str) -> None:
    treatment, _ = STYLES[style]
    red = treatment(subject((200, 40, 40)), np.random.default_rng(0))
    # The same lightness in another hue.
    green = treatment(subject((20, 121, 20)), np.random.default_rng(0))
    assert np.abs(red - green).mean() < 0.02


def test_captions_of_styles_are_told_apart() -> None:
    templates = [template for _, texts in STYLES.values() for template in texts]
    assert len(templates) == len(set(templates))
    assert all("{}" in template for template in templates)
