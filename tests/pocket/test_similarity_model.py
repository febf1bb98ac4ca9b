"""The similarity model's batches and loss, on a bank of flat colours that needs no font."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from tasks import StepCancelled
from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.pocket.bank import ANY_PHOTO, MARGIN, SIZE, Bank
from tasks.pocket.similarity_batches import (
    MOST_GRAIN,
    SimilaritySource,
    disturbed,
    high_passed,
    seen_small,
)
from tasks.pocket.similarity_model import (
    IMAGE_SIZE,
    clip_tokens,
    contrastive_loss,
    save_clip_tokenizer,
    similarity_model,
)
from tasks.pocket.training_loop import Phase, run_phase
from tasks.pocket.treatments import STYLES

PHRASES = ["a dog", "a rose", "a skull"]
PHOTO = list(STYLES).index("photo")


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Every concept and style is a colour of its own, dark in one half."""
    side = SIZE + 2 * MARGIN
    pictures = np.empty((len(PHRASES), len(STYLES), 1, side, side, 3), np.uint8)
    for c in range(len(PHRASES)):
        for s in range(len(STYLES)):
            pictures[c, s] = (80 * c, 20 * s, 120)
            pictures[c, s, :, : side // 2] //= 2
    return Bank(
        pictures=pictures,
        captions=[
            [
                [template.format(phrase) for template in templates]
                for _, templates in STYLES.values()
            ]
            for phrase in PHRASES
        ],
        is_mirrored=np.array([True, True, False]),
        concept_weights=np.full(len(PHRASES), 1 / len(PHRASES)),
        style_weights=np.full(len(STYLES), 1 / len(STYLES)),
    )


def test_a_picture_fits_captions_of_its_subject_in_its_style_alone(bank: Bank) -> None:
    batch = SimilaritySource(bank, IMAGE_SIZE).draw(400, named_generator(0, "test"))
    texts = bank.texts()
    kinds = {
        text: (concept, style)
        for concept, styles in enumerate(bank.captions)
        for style, captions in enumerate(styles)
        for text in captions
    }
    for i in range(0, 400, 7):
        for j in range(400):
            text = texts[batch.caption[j]]
            shown = (int(batch.concept[i]), int(batch.style[i]))
            is_of_any = texts[batch.caption[i]] == ANY_PHOTO
            fits = (
                shown[1] == PHOTO
                if text == ANY_PHOTO
                else kinds[text] == shown and not (is_of_any and i != j)
            )
            assert bool(batch.fits[i, j]) == fits
    assert ANY_PHOTO in {texts[c] for c in batch.caption}
    assert batch.fits.diagonal().all()


def test_batches_repeat_by_their_generator(bank: Bank) -> None:
    source = SimilaritySource(bank, IMAGE_SIZE)
    first, second = (source.draw(16, named_generator(3, "test")) for _ in range(2))
    assert torch.equal(first.pictures, second.pictures)
    assert first.pictures.shape == (16, 3, IMAGE_SIZE, IMAGE_SIZE)


def test_no_picture_is_shown_upside_down(bank: Bank) -> None:
    pictures = SimilaritySource(bank, IMAGE_SIZE).draw(64, named_generator(1, "test")).pictures
    quarter = IMAGE_SIZE // 4
    above, below = pictures[:, :, :quarter].mean((2, 3)), pictures[:, :, -quarter:].mean((2, 3))
    assert (above[:, 2] < below[:, 2]).all()


def test_disturbed_pictures_stay_in_range_and_differ(bank: Bank) -> None:
    pictures = SimilaritySource(bank, IMAGE_SIZE).draw(64, named_generator(0, "test")).pictures
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


def train(bank: Bank, folder: Path, name: str, stop: int | None = None) -> list[float]:
    """Twelve steps, of which `stop` are taken; the checkpoint is `name`. Returns their losses."""
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    tokens, mask = clip_tokens(tokenizer, bank.texts())
    with seeded_initialisation(0):
        model = similarity_model(len(tokenizer), tokenizer.eos_token_id)
    of_batch = contrastive_loss(
        model, tokens, mask, SimilaritySource(bank, IMAGE_SIZE), torch.float32
    )
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


def test_training_tells_captions_apart_and_resumes(bank: Bank, tmp_path: Path) -> None:
    save_clip_tokenizer(bank.texts(), tmp_path)
    losses = train(bank, tmp_path, "whole.safetensors")
    assert np.mean(losses[-3:]) < losses[0] - 0.1
    with pytest.raises(StepCancelled):
        train(bank, tmp_path, "parts.safetensors", stop=5)
    assert losses[5:] == train(bank, tmp_path, "parts.safetensors")


def test_a_caption_word_is_one_token(bank: Bank, tmp_path: Path) -> None:
    save_clip_tokenizer(bank.texts(), tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    assert tokenizer.tokenize("a skull") == ["a</w>", "skull</w>"]
