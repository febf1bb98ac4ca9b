"""The similarity model's batches and loss, on a bank of flat colours that needs no font."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from tasks import StepCancelled
from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.pocket.similarity.similarity_batches import (
    MOST_GRAIN,
    disturbed,
    draw_pairs,
    high_passed,
    seen_small,
)
from tasks.pocket.similarity.similarity_model import (
    IMAGE_SIZE,
    clip_tokens,
    contrastive_loss,
    save_clip_tokenizer,
    similarity_model,
)
from tasks.pocket.training_loop import Phase, run_phase
from tasks.pocket.world.treatments import STYLES
from tasks.pocket.world.world import BENDING_STYLES, PHOTOGRAPH, World
from tests.pocket.small_world import small_world

PHOTO = list(STYLES).index("photo")


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


def test_a_picture_fits_every_caption_that_names_its_subject_in_its_style(world: World) -> None:
    batch = draw_pairs(world, IMAGE_SIZE, 300, named_generator(0, "test"))
    assert batch.fits.diagonal().all()
    for i in range(0, 300, 7):
        if batch.concept[i] == PHOTOGRAPH:
            continue
        phrases = world.concepts[batch.concept[i]].phrases
        captions = list(STYLES.values())[batch.style[i]].captions
        right = {text.format(phrase) for text in captions for phrase in phrases}
        if batch.style[i] == PHOTO:
            right.add("a high quality photo")
        if list(STYLES)[batch.style[i]] in BENDING_STYLES:
            right |= set(phrases)
        fits = [world.texts[caption] in right for caption in batch.caption.tolist()]
        assert batch.fits[i].tolist() == fits


def test_batches_repeat_by_their_generator(world: World) -> None:
    first, second = (
        draw_pairs(world, IMAGE_SIZE, 16, named_generator(3, "test")) for _ in range(2)
    )
    assert torch.equal(first.pictures, second.pictures)
    assert first.pictures.shape == (16, 3, IMAGE_SIZE, IMAGE_SIZE)


def test_disturbed_pictures_stay_in_range_and_differ(world: World) -> None:
    pictures = draw_pairs(world, IMAGE_SIZE, 64, named_generator(0, "test")).pictures
    seen = disturbed(pictures.clone(), named_generator(0, "disturbed"))
    assert seen.abs().max() <= 1
    assert ((seen - pictures).abs().amax((1, 2, 3)) > 0.01).all()
    assert MOST_GRAIN < 1


def test_a_picture_seen_small_keeps_its_mean_and_loses_its_detail() -> None:
    board = (torch.arange(48)[:, None] + torch.arange(48)) % 2 * 2.0 - 1
    pictures = board.expand(1, 3, 48, 48)
    small = seen_small(pictures, 12)
    assert small.mean() == pytest.approx(0, abs=0.01)
    assert small.abs().max() < 0.2
    assert torch.allclose(high_passed(pictures), pictures, atol=0.2)


def train(world: World, folder: Path, name: str, stop: int | None = None) -> list[float]:
    """Twelve steps, of which `stop` are taken; the checkpoint is `name`. Returns their losses."""
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    tokens, mask = clip_tokens(tokenizer, world.texts)
    with seeded_initialisation(0):
        model = similarity_model(len(tokenizer), tokenizer.eos_token_id)
    of_batch = contrastive_loss(model, tokens, mask, world, torch.float32)
    losses: list[float] = []

    def loss(generator: torch.Generator, size: int) -> torch.Tensor:
        value = of_batch(generator, size)
        losses.append(float(value.detach()))
        return value

    run_phase(
        Phase("similarity", 12, 16, 2e-3, warm_up_steps=1),
        model,
        loss,
        seed=0,
        checkpoint=folder / name,
        should_stop=lambda: len(losses) == stop,
    )
    return losses


def test_training_tells_captions_apart_and_resumes(world: World, tmp_path: Path) -> None:
    save_clip_tokenizer(world.texts, tmp_path)
    losses = train(world, tmp_path, "whole.safetensors")
    assert np.mean(losses[-3:]) < losses[0] - 0.1
    with pytest.raises(StepCancelled):
        train(world, tmp_path, "parts.safetensors", stop=5)
    assert losses[5:] == train(world, tmp_path, "parts.safetensors")


def test_a_caption_word_is_one_token(world: World, tmp_path: Path) -> None:
    save_clip_tokenizer(world.texts, tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    assert tokenizer.tokenize("a skull") == ["a</w>", "skull</w>"]
