"""The world's batches: reproducible, in range, and every caption a right one for its picture."""

from __future__ import annotations

import pytest
import torch

from tasks.diffusion.seeds import named_generator
from tasks.pocket.world.treatments import STYLES
from tasks.pocket.world.world import ANY_PHOTO, BENDING_STYLES, EMPTY, NEUTRAL, PHOTOGRAPH, reduced
from tests.pocket.small_world import small_world

NAMES = list(STYLES)


def test_a_batch_follows_from_its_generator_alone() -> None:
    one, other = small_world(), small_world()
    other.draw(8, named_generator(5, "before"))
    first, second = (w.draw(24, named_generator(3, "step", 7)) for w in (one, other))
    assert torch.equal(first.pictures, second.pictures)
    assert torch.equal(first.caption, second.caption)
    third = one.draw(24, named_generator(3, "step", 8))
    assert not torch.equal(first.pictures, third.pictures)


@pytest.mark.parametrize("side", [64, 128])
def test_pictures_are_of_the_asked_size_and_range(side: int) -> None:
    batch = small_world(side=side).draw(60, named_generator(0, "test"))
    assert batch.pictures.shape == (60, 3, side, side)
    assert batch.pictures.abs().max() <= 1
    assert (batch.pictures.flatten(1).std(1) > 0.05).all()


def test_every_caption_is_one_that_its_picture_may_have() -> None:
    world = small_world()
    batch = world.draw(600, named_generator(1, "test"))
    named = batch.caption != EMPTY
    assert 0.03 < 1 - named.float().mean() < 0.2
    assert (batch.right == batch.caption[:, None]).any(1)[named].all()
    for row in named.nonzero()[:60, 0].tolist():
        text, style = world.texts[batch.caption[row]], NAMES[batch.style[row]]
        if batch.caption[row] == NEUTRAL:
            assert (text, style) == (ANY_PHOTO, "photo")
        elif batch.concept[row] != PHOTOGRAPH:
            phrases = world.concepts[batch.concept[row]].phrases
            bare = ("{}",) if style in BENDING_STYLES else ()
            known = (*STYLES[style].captions, *bare)
            assert text in {t.format(p) for t in known for p in phrases}


def test_some_pictures_in_a_style_that_bends_are_called_by_their_subject_alone() -> None:
    world = small_world(has_photographs=False)
    batch = world.draw(1500, named_generator(4, "test"), empty=0)
    bends = torch.tensor([name in BENDING_STYLES for name in NAMES])[batch.style]
    plain = world.captions[batch.concept, NAMES.index("plain")]
    is_bare = (plain == batch.caption[:, None]).any(1)
    assert 0.08 < is_bare[bends].float().mean() < 0.25
    photo = batch.style == NAMES.index("photo")
    assert not is_bare[photo].any()


def test_photographs_are_shown_as_photos_and_as_paintings_of_what_they_show() -> None:
    world = small_world()
    batch = world.draw(400, named_generator(2, "test"), photographs=1.0, empty=0)
    assert (batch.concept == PHOTOGRAPH).all()
    texts = {world.texts[caption] for caption in batch.caption.tolist()}
    assert {ANY_PHOTO, "a photo of a bell tower", "an oil painting of a lake"} <= texts
    is_photo = batch.style == NAMES.index("photo")
    assert 0.7 < is_photo.float().mean() < 0.95
    assert (batch.caption[~is_photo] != NEUTRAL).all()


def test_a_world_without_photographs_draws_none() -> None:
    batch = small_world(has_photographs=False).draw(200, named_generator(0, "test"))
    assert (batch.concept != PHOTOGRAPH).all()


def test_subjects_stand_upright_anywhere_in_the_picture() -> None:
    world = small_world(has_photographs=False)
    world._style_weights = torch.tensor([name == "plain" for name in NAMES]).float()
    batch = world.draw(200, named_generator(0, "test"))
    level = batch.pictures.mean(1)
    bar, disc = level < -0.6, (level > -0.6) & (level < 0.5)
    rows, columns = torch.arange(64.0).view(1, 64, 1), torch.arange(64.0).view(1, 1, 64)

    def middle(shown: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
        return (shown * along).sum((1, 2)) / shown.sum((1, 2)).clamp(min=1)

    assert (middle(bar, rows) > middle(disc, rows)).all()
    assert middle(bar, columns).std() > 3


def test_a_concept_that_must_not_be_mirrored_is_not() -> None:
    world = small_world(has_photographs=False)
    assert world._is_mirrored.tolist() == [True, True, False, True]
    pictures = world._pictures
    pictures[:] = 0
    pictures[:, :, :48] = 255
    seen = world._placed(torch.full((100,), 2), _chance())
    assert (seen.alpha[..., 20:26].mean((1, 2, 3)) > seen.alpha[..., 44:50].mean((1, 2, 3))).all()


def test_portraits_show_each_concept_on_white() -> None:
    portraits = small_world().portraits(32)
    assert portraits.shape == (4, 3, 32, 32)
    assert (portraits[:3, :, 0, 0] == 1).all()
    assert not torch.equal(portraits[0], portraits[1])


def test_a_reduced_picture_keeps_its_mean() -> None:
    pictures = small_world().draw(4, named_generator(0, "test")).pictures
    assert torch.allclose(reduced(pictures, 4).mean((2, 3)), pictures.mean((2, 3)), atol=1e-5)


def _chance():  # type: ignore[no-untyped-def]
    from tasks.pocket.world.treatments import Chance

    return Chance(named_generator(0, "chance"))
