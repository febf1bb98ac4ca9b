"""The stages give what the pipelines' own U-Nets give, without what is not needed for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from tasks.text_to_image.deepfloyd import LoadedStage, load_scheduler, load_stage
from tasks.text_to_image.model_part import Component
from tests.text_to_image.parts import part_at
from tests.tiny_if import EMBEDDING_WIDTH, TinyIF, quiet_diffusers

pytestmark = pytest.mark.usefixtures("no_part_loaded")

T = torch.tensor([990, 30])
LEVEL = torch.tensor([250, 50])


def stage_at(folder: Path, component: Component, **options) -> LoadedStage:
    return load_stage(part_at(folder, component, **options), Path("/"))


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def pipeline_of(name: str, folder: Path, **options):
    with quiet_diffusers() as diffusers:
        return getattr(diffusers, name).from_pretrained(folder, safety_checker=None, **options)


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_stage_one_is_that_of_the_pipeline(tiny_if: TinyIF, variant: str | None) -> None:
    x, embeds = noise(2, 3, 16, 16), noise(2, 77, EMBEDDING_WIDTH)
    ours = stage_at(tiny_if.stage_one, "stage_one", variant=variant).unet(x, T, embeds)
    pipeline = pipeline_of(
        "IFPipeline", tiny_if.stage_one, variant=variant, torch_dtype=torch.float32
    )
    theirs = pipeline.unet(x, T, encoder_hidden_states=embeds).sample
    assert ours.shape == (2, 6, 16, 16)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_stage_two_is_that_of_the_pipeline(tiny_if: TinyIF) -> None:
    x, embeds = noise(2, 6, 16, 16), noise(2, 77, EMBEDDING_WIDTH)
    ours = stage_at(tiny_if.stage_two, "stage_two").unet(x, T, embeds, LEVEL)
    pipeline = pipeline_of(
        "IFSuperResolutionPipeline",
        tiny_if.stage_two,
        variant="fp16",
        torch_dtype=torch.float32,
    )
    theirs = pipeline.unet(x, T, encoder_hidden_states=embeds, class_labels=LEVEL).sample
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("component", "pixels"), [("stage_one", 64), ("stage_two", 128)])
def test_stage_tells_its_image_size(tiny_if: TinyIF, component: Component, pixels: int) -> None:
    stage = stage_at(getattr(tiny_if, component), component)
    assert stage.sample_size == pixels
    assert stage.is_stage_two == (component == "stage_two")
    assert stage.embedding_width == EMBEDDING_WIDTH


def test_scheduler_is_that_of_the_folder(tiny_if: TinyIF) -> None:
    stage = stage_at(tiny_if.stage_two, "stage_two")
    assert stage.scheduler["beta_schedule"] == "squaredcos_cap_v2"
    assert stage.scheduler["variance_type"] == "learned_range"
    assert stage.scheduler["sample_max_value"] == 1.0
    assert stage.noising_scheduler is not None
    assert stage.noising_scheduler["num_train_timesteps"] == 1000


def test_scheduler_alone_needs_no_weights(tiny_if: TinyIF, tmp_path: Path) -> None:
    shutil.copytree(tiny_if.stage_one / "scheduler", tmp_path / "scheduler")
    part = part_at(tmp_path, "scheduler", variant=None)
    assert load_scheduler(part, Path("/"))["sample_max_value"] == 1.5


def test_each_row_has_its_own_timestep(tiny_if: TinyIF) -> None:
    stage = stage_at(tiny_if.stage_one, "stage_one")
    x, embeds = noise(1, 3, 16, 16), noise(1, 77, EMBEDDING_WIDTH)
    together = stage.unet(x.repeat(2, 1, 1, 1), T, embeds.repeat(2, 1, 1))
    alone = torch.cat([stage.unet(x, t[None], embeds) for t in T])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


def test_bfloat16_stays_close_to_float32(plain_tiny_if: TinyIF) -> None:
    x, embeds = noise(2, 3, 16, 16), noise(2, 77, EMBEDDING_WIDTH)
    predicted = {}
    for number_format in ("float32", "bfloat16"):
        stage = stage_at(
            plain_tiny_if.stage_one, "stage_one", variant=None, number_format=number_format
        )
        assert stage.model.dtype == getattr(torch, number_format)
        predicted[number_format] = stage.unet(x, T, embeds)
    assert predicted["bfloat16"].dtype == torch.float32
    error = (predicted["bfloat16"] - predicted["float32"]).square().mean().sqrt()
    assert error < 0.05 * predicted["float32"].square().mean().sqrt()


@pytest.mark.parametrize("component", ["text_encoder", "stage_one"])
def test_safety_checker_and_watermarker_need_not_be_there(
    tiny_if: TinyIF, tmp_path: Path, component: Component
) -> None:
    from tasks.text_to_image.deepfloyd import load_text_encoder

    folder = shutil.copytree(tiny_if.stage_one, tmp_path / "if")
    for name in ("safety_checker", "watermarker", "feature_extractor"):
        shutil.rmtree(folder / name)
    part = part_at(folder, component)
    load = load_text_encoder if component == "text_encoder" else load_stage
    assert load(part, Path("/")) is not None


def test_networks_are_ready_to_predict(tiny_if: TinyIF) -> None:
    stage = stage_at(tiny_if.stage_one, "stage_one")
    assert not stage.model.training
    assert not any(weight.requires_grad for weight in stage.model.parameters())


def test_prediction_can_be_changed_in_place(tiny_if: TinyIF) -> None:
    stage = stage_at(tiny_if.stage_one, "stage_one")
    predicted = stage.unet(noise(2, 3, 16, 16), T, noise(2, 77, EMBEDDING_WIDTH))
    assert torch.isfinite(predicted.mul_(2)).all()


def test_address_is_relative_to_the_project(tiny_if: TinyIF) -> None:
    part = part_at(Path(tiny_if.stage_one.name), "stage_one")
    assert load_stage(part, tiny_if.stage_one.parent).sample_size == 64


def test_no_code_of_a_model_is_run(tiny_if: TinyIF, tmp_path: Path) -> None:
    from tasks import BadInput

    folder = shutil.copytree(tiny_if.stage_one, tmp_path / "if")
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')\nclass Own: pass\n"
    (folder / "unet" / "own_unet.py").write_text(code)
    (folder / "own_pipeline.py").write_text(code)
    index = json.loads((folder / "model_index.json").read_text())
    index["unet"] = ["own_unet", "Own"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(BadInput, match="cannot be loaded"):
        stage_at(folder, "stage_one")
    assert not ran.exists()
