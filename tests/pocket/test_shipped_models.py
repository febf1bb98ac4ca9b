"""The models that come with Darkroom: small, loaded by unmodified diffusers, and of some use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tasks.text_to_image.model_part import POCKET_SIMILARITY, ModelPart
from tasks.text_to_image.similarity import load_similarity
from tests.tiny_if import quiet_diffusers

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "data" / "models"
PROMPTS = ["a panda", "a rocket ship", "a volcano"]
NUM_INFERENCE_STEPS = 12

pytestmark = pytest.mark.usefixtures("no_part_loaded")


@pytest.mark.parametrize(
    ("name", "megabytes"), [("pocket-if", 25), ("pocket-if-ii", 10), ("pocket-clip", 8)]
)
def test_folder_is_small_enough_to_ship(name: str, megabytes: int) -> None:
    files = [path for path in (MODELS / name).rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in files) < megabytes * 1e6


@pytest.fixture(scope="module")
def diffusers() -> Iterator[Any]:
    with quiet_diffusers() as library:
        yield library


@pytest.fixture(scope="module")
def sampled(diffusers: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures [n, 3, 64, 64] of PROMPTS by stage I, the embeddings of the prompts and of none."""
    pipeline = diffusers.IFPipeline.from_pretrained(MODELS / "pocket-if", local_files_only=True)
    pipeline = pipeline.to(dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    embeds = [pipeline.encode_prompt(text, clean_caption=False) for text in PROMPTS]
    prompt, none = (torch.cat(each) for each in zip(*embeds, strict=True))
    pictures = pipeline(
        prompt_embeds=prompt,
        negative_prompt_embeds=none,
        num_inference_steps=NUM_INFERENCE_STEPS,
        guidance_scale=7.0,
        generator=torch.Generator().manual_seed(0),
        output_type="pt",
    ).images
    return pictures, prompt, none


def fits(pictures: torch.Tensor) -> torch.Tensor:
    """[pictures, PROMPTS], how well each fits each, by the similarity model."""
    model = load_similarity(ModelPart("", "similarity", POCKET_SIMILARITY), ROOT)
    levels = ((pictures.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte()
    images = [Image.fromarray(each.permute(1, 2, 0).numpy()) for each in levels]
    return model.similarities(images, PROMPTS)


@pytest.mark.slow
def test_stage_one_draws_what_it_is_asked_for(sampled: Any) -> None:
    pictures, _, _ = sampled
    assert fits(pictures).argmax(dim=1).tolist() == [0, 1, 2]


@pytest.mark.slow
def test_stage_two_enlarges_what_it_is_given(diffusers: Any, sampled: Any) -> None:
    pictures, prompt, none = sampled
    pipeline = diffusers.IFSuperResolutionPipeline.from_pretrained(
        MODELS / "pocket-if-ii", local_files_only=True
    ).to(dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    enlarged = pipeline(
        image=pictures,
        prompt_embeds=prompt,
        negative_prompt_embeds=none,
        num_inference_steps=4,
        noise_level=50,
        generator=torch.Generator().manual_seed(0),
        output_type="pt",
    ).images
    assert enlarged.shape == (3, 3, 128, 128)
    assert fits(enlarged).argmax(dim=1).tolist() == [0, 1, 2]
