"""The tiny model is published as DeepFloyd is, and unmodified diffusers reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.tiny_if import TinyIF, quiet_diffusers


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def readable_safety_checker(monkeypatch: pytest.MonkeyPatch) -> None:
    """diffusers 0.42 builds its safety checker without the last call that transformers 5 needs."""
    with quiet_diffusers():
        from diffusers.pipelines.deepfloyd_if import IFSafetyChecker
    build = IFSafetyChecker.__init__

    def build_and_end(self, config) -> None:
        build(self, config)
        self.post_init()

    monkeypatch.setattr(IFSafetyChecker, "__init__", build_and_end)


def test_tokenizer_is_published_as_pieces_alone(tiny_if: TinyIF) -> None:
    found = {name for name in names(tiny_if.stage_one) if name.startswith("tokenizer/")}
    assert found == {
        "tokenizer/spiece.model",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
    }


@pytest.mark.parametrize("stage", ["stage_one", "stage_two"])
def test_encoder_is_sharded_in_both_variants(tiny_if: TinyIF, stage: str) -> None:
    found = names(getattr(tiny_if, stage))
    assert {
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json",
        "text_encoder/model.fp16-00001-of-00002.safetensors",
        "text_encoder/model.fp16-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.fp16.json",
    } <= found
    assert "text_encoder/model.safetensors" not in found


def test_index_lists_what_deepfloyd_lists(tiny_if: TinyIF) -> None:
    first = json.loads((tiny_if.stage_one / "model_index.json").read_text())
    second = json.loads((tiny_if.stage_two / "model_index.json").read_text())
    parts = {"safety_checker", "feature_extractor", "watermarker", "scheduler", "text_encoder"}
    assert {*parts, "tokenizer", "unet"} <= first.keys()
    assert {*parts, "tokenizer", "unet", "image_noising_scheduler"} <= second.keys()


def test_watermarker_has_no_fp16_files(tiny_if: TinyIF) -> None:
    found = {name for name in names(tiny_if.stage_one) if name.startswith("watermarker/")}
    assert found == {"watermarker/config.json", "watermarker/diffusion_pytorch_model.safetensors"}


@pytest.mark.parametrize(
    ("pipeline", "stage"),
    [("IFPipeline", "stage_one"), ("IFSuperResolutionPipeline", "stage_two")],
)
def test_diffusers_loads_every_component(
    tiny_if: TinyIF, readable_safety_checker: None, pipeline: str, stage: str
) -> None:
    with quiet_diffusers() as diffusers:
        loaded = getattr(diffusers, pipeline).from_pretrained(
            getattr(tiny_if, stage), variant="fp16", torch_dtype=torch.float16
        )
    assert all(component is not None for component in loaded.components.values())
    assert loaded.unet.dtype == torch.float16


def test_diffusers_draws_a_picture(plain_tiny_if: TinyIF) -> None:
    with quiet_diffusers() as diffusers:
        pipeline = diffusers.IFPipeline.from_pretrained(
            plain_tiny_if.stage_one, safety_checker=None, torch_dtype=torch.float32
        )
        pipeline.set_progress_bar_config(disable=True)
        pipeline.watermarker = None
        drawn = pipeline(
            "a red panda",
            num_inference_steps=2,
            height=16,
            width=16,
            generator=torch.Generator().manual_seed(0),
            output_type="np",
        ).images
    assert drawn.shape == (1, 16, 16, 3)
