"""Style words act: each treatment changes every subject, in a way of its own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tasks.diffusion.seeds import named_generator
from tasks.pocket.world.treatments import STYLES, Chance, Subjects

COUNT = 24


def subjects(colour: tuple[float, float, float] = (0.8, 0.15, 0.15), shown: float = 1) -> Subjects:
    alpha = torch.zeros(COUNT, 1, 64, 64)
    alpha[:, :, 16:48, 16:48] = shown
    return Subjects(alpha * torch.tensor(colour).view(1, 3, 1, 1), alpha)


def treated(style: str, of: Subjects, seed: int = 0) -> Tensor:
    return STYLES[style].treatment(of, Chance(named_generator(seed, "test")))


@pytest.mark.parametrize("style", STYLES)
def test_a_treatment_gives_pictures_in_range_that_show_their_subject(style: str) -> None:
    pictures = treated(style, subjects())
    without = treated(style, subjects(shown=0))
    assert pictures.shape == (COUNT, 3, 64, 64)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    shown = (pictures - without)[..., 16:48, 16:48].abs().mean((1, 2, 3))
    assert (shown > 0.04).float().mean() > 0.9


def test_any_two_styles_differ_on_one_subject() -> None:
    drawn = {name: treated(name, subjects()) for name in STYLES}
    names = list(drawn)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert (drawn[one] - drawn[other]).abs().mean() > 0.02, (one, other)


@pytest.mark.parametrize("style", ["lithograph", "pencil drawing"])
def test_prints_and_pencils_lose_the_colour_of_their_subject(style: str) -> None:
    # The same lightness in another hue.
    red, green = subjects((0.784, 0.157, 0.157)), subjects((0.078, 0.474, 0.078))
    assert (treated(style, red) - treated(style, green)).abs().mean() < 0.02


@pytest.mark.parametrize("style", ["oil painting", "lithograph", "pencil drawing", "watercolor"])
def test_a_texture_is_weaker_than_its_subjects_edges(style: str) -> None:
    """Guidance burns in what all pictures of a style share, and a texture must not drown them."""
    pictures = treated(style, subjects((0.1, 0.1, 0.1))).mean(1)
    inside, outside = pictures[:, 20:44, 20:44], pictures[:, 4:60, 2:12]
    edge = (inside.mean((1, 2)) - outside.mean((1, 2))).abs()
    texture = (inside[:, 1:] - inside[:, :-1]).abs().mean((1, 2))
    assert (texture < 0.35 * edge).float().mean() > 0.85


def test_pictures_of_a_style_differ_in_their_grounds() -> None:
    for style in set(STYLES) - {"plain", "pencil drawing", "on black"}:
        corners = treated(style, subjects())[:, :, :6, :6].mean((2, 3))
        assert corners.std(0).max() > 0.015, style


def test_first_captions_of_styles_are_told_apart() -> None:
    templates = [style.captions[0] for style in STYLES.values()]
    assert len(templates) == len(set(templates))
    assert all("{}" in text for style in STYLES.values() for text in style.captions)
