"""A saved pocket model is loaded and run by unmodified diffusers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import IFPipeline, IFSuperResolutionPipeline
from torch import nn

from tasks.pocket.export import save_stage_one, save_stage_two
from tasks.pocket.networks import stage_one_unet, stage_two_unet, text_encoder
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer, train_tokenizer
from tasks.running.step import tensors_to_bytes


def half(network: nn.Module) -> bytes:
    return tensors_to_bytes(
        {name: tensor.half().clone() for name, tensor in network.state_dict().items()}
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    root = tmp_path_factory.mktemp("pocket")
    spiece = train_tokenizer(["a panda", "an oil painting of a dog"])
    save_tokenizer(spiece, root / "tokenizer")
    words = len(load_tokenizer(root / "tokenizer"))
    torch.manual_seed(0)
    unet = half(stage_one_unet())
    save_stage_one(spiece, half(text_encoder(words)), unet, root / "one")
    save_stage_two(half(stage_two_unet()), root / "two")
    return root / "one", root / "two", unet


def test_the_weights_in_the_folder_are_the_trained_ones(
    folders: tuple[Path, Path, bytes],
) -> None:
    from safetensors.torch import load, load_file

    saved = load_file(folders[0] / "unet" / "diffusion_pytorch_model.safetensors")
    for name, tensor in load(folders[2]).items():
        assert torch.equal(saved[name], tensor), name


def test_diffusers_turns_a_prompt_into_a_picture_and_enlarges_it(
    folders: tuple[Path, Path, bytes],
) -> None:
    one = IFPipeline.from_pretrained(folders[0], local_files_only=True)
    embeds, negative = one.encode_prompt("a panda", device="cpu", clean_caption=False)
    small = one(
        prompt_embeds=embeds, negative_prompt_embeds=negative, num_inference_steps=2,
        output_type="pt", generator=torch.Generator().manual_seed(0),
    ).images  # fmt: skip
    assert small.shape == (1, 3, 64, 64)
    two = IFSuperResolutionPipeline.from_pretrained(folders[1], local_files_only=True)
    large = two(
        image=small, prompt_embeds=embeds, negative_prompt_embeds=negative,
        height=128, width=128, num_inference_steps=2, output_type="pt",
    ).images  # fmt: skip
    assert large.shape == (1, 3, 128, 128)
    assert torch.isfinite(large).all()


def test_the_folder_is_laid_out_as_published(folders: tuple[Path, Path, bytes]) -> None:
    names = {path.relative_to(folders[0]).as_posix() for path in folders[0].rglob("*")}
    assert {
        "model_index.json", "tokenizer/spiece.model", "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json",
    } <= names  # fmt: skip
    assert "tokenizer/tokenizer.json" not in names
