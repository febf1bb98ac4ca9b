"""A folder that is not a whole model of the right kind is refused, with what is wrong with it."""

from __future__ import annotations

import json
import os
import re
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from tasks import BadInput
from tasks.running.kinds import Surroundings, check_before_making
from tasks.text_to_image.check_models import check_models
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.model_part import Component, ModelPart
from tasks.text_to_image.published_layout import INDEX, NOISING_SCHEDULER, SCHEDULER
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

pytestmark = pytest.mark.usefixtures("no_part_loaded")

UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def folder(tiny_if: TinyIF, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(tiny_if.stage_one, tmp_path / "if"))


def check(*parts: ModelPart) -> None:
    check_models([{"model": part.to_params()} for part in parts], Surroundings("cpu", Path("/")))


def refusal(*parts: ModelPart) -> str:
    with pytest.raises(BadInput) as refused:
        check(*parts)
    return str(refused.value)


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def only_pickles(folder: Path) -> None:
    for file in (folder / "unet").glob("*.safetensors"):
        file.rename(file.with_suffix(".bin"))


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
PAGE = "<!doctype html><title>502</title>"

SPOILED: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: shutil.rmtree(folder), "there is no folder"),
    (lambda folder: (folder / "unet/config.json").unlink(), "unet/config.json is missing"),
    (lambda folder: shutil.rmtree(folder / "scheduler"), "scheduler_config.json is missing"),
    (
        lambda folder: os.truncate(folder / UNET, (folder / UNET).stat().st_size - 100),
        "not a whole safetensors file (it ends too early)",
    ),
    (lambda folder: (folder / UNET).write_text(PAGE), "is a web page saved under this name"),
    (lambda folder: (folder / UNET).write_text(POINTER), "fetch that with `git lfs pull`"),
    (lambda folder: (folder / INDEX).write_text(PAGE), "is a web page saved under this name"),
    (lambda folder: (folder / UNET).write_bytes(b""), "is empty (0 bytes)"),
    (only_pickles, "a format that can run code"),
    (lambda folder: (folder / UNET).unlink(), "set the backend's variant to null"),
    (lambda folder: (folder / "unet/config.json").write_text("{"), "cannot be read as JSON"),
    (
        lambda folder: change(folder / INDEX, _class_name="StableDiffusionPipeline"),
        "is a StableDiffusionPipeline; expected an IFPipeline",
    ),
    (
        lambda folder: change(folder / SCHEDULER, prediction_type="sample"),
        "prediction_type is 'sample'; expected 'epsilon' or 'v_prediction'",
    ),
    (
        lambda folder: change(folder / "unet/config.json", out_channels=3),
        "3 output channels; expected 6",
    ),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILED)
def test_spoiled_stage_is_refused(
    folder: Path, spoil: Callable[[Path], object], words: str
) -> None:
    part = part_at(folder, "stage_one")
    check(part)
    spoil(folder)
    assert words in refusal(part)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("tokenizer/spiece.model", "tokenizer/spiece.model is missing"),
        ("text_encoder/config.json", "text_encoder/config.json is missing"),
        ("text_encoder/model.fp16-00002-of-00002.safetensors", "1 of 2 files of text_encoder's"),
        ("model_index.json", "model_index.json is missing"),
    ],
)
def test_encoder_without_a_file_is_refused(folder: Path, file: str, words: str) -> None:
    (folder / file).unlink()
    assert words in refusal(part_at(folder, "text_encoder"))


@pytest.mark.parametrize("content", [PAGE, POINTER])
def test_tokenizer_that_is_something_else_is_refused(folder: Path, content: str) -> None:
    (folder / "tokenizer/spiece.model").write_text(content)
    message = refusal(part_at(folder, "text_encoder"))
    assert "tokenizer/spiece.model is a" in message
    assert message.endswith("; or use --backend pocket, which needs none of this")


STRIDED = {"timesteps": {"kind": "strided", "first": 990, "stride": 30}}
COUNTED = {"timesteps": {"kind": "steps", "num_inference_steps": 101}}
ENLARGED = {"noise_level": 250, "num_inference_steps": 33}


@pytest.mark.parametrize(
    ("component", "asked", "setting"),
    [
        ("scheduler", {"timesteps": [50, 250]}, "timesteps of a panel"),
        ("stage_one", STRIDED, "text_to_image.first_timestep"),
        ("stage_one", COUNTED, "steps of a panel"),
        ("stage_two", ENLARGED, "text_to_image.stage_two.noise_level"),
        ("stage_one", {"score": "alignment"}, "tries of a panel"),
    ],
)
def test_timesteps_the_scheduler_does_not_have_are_refused(
    tiny_if: TinyIF, tmp_path: Path, component: Component, asked: dict[str, Any], setting: str
) -> None:
    stage = tiny_if.stage_two if component == "stage_two" else tiny_if.stage_one
    folder = Path(shutil.copytree(stage, tmp_path / "few"))
    params = {"model": part_at(folder, component).to_params(), **asked}
    check_models([params], Surroundings("cpu", Path("/")))
    for file in (SCHEDULER, NOISING_SCHEDULER):
        if (folder / file).exists():
            change(folder / file, num_train_timesteps=100)
    with pytest.raises(BadInput) as refused:
        check_models([params], Surroundings("cpu", Path("/")))
    assert "its scheduler has 100 timesteps" in str(refused.value)
    assert setting in str(refused.value)
    assert re.search(r"expected (0 to 99|1 to 100)", str(refused.value))


def test_stages_taken_for_each_other_are_told(tiny_if: TinyIF) -> None:
    first = refusal(part_at(tiny_if.stage_two, "stage_one"))
    assert "6 input channels; expected 3; is it meant for stage_two?" in first
    change_ = refusal(part_at(tiny_if.stage_one, "stage_two"))
    assert "image_noising_scheduler/scheduler_config.json is missing" in change_


def test_parts_of_two_families_are_refused(folder: Path) -> None:
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    change(other / "unet" / "config.json", encoder_hid_dim=4096)
    message = refusal(part_at(folder, "text_encoder"), part_at(other, "stage_one"))
    assert "prompt embeddings of width 32" in message
    assert "of width 4096" in message


def test_weights_that_are_not_in_the_files_are_not_drawn_at_random(folder: Path) -> None:
    weights = load_file(folder / UNET)
    del weights["conv_out.weight"]
    save_file(weights, folder / UNET)
    with pytest.raises(BadInput, match=r"conv_out\.weight"):
        load_stage(part_at(folder, "stage_one"), Path("/"))


def test_folder_that_changed_after_the_plan_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="has changed since the run was planned"):
        load_stage(part_at(folder, "stage_one", digest="0" * 64), Path("/"))


@pytest.mark.parametrize(
    ("kind", "component"),
    [
        ("prompt", "text_encoder"),
        ("noised", "scheduler"),
        ("one_step", "stage_one"),
        ("trajectory", "stage_one"),
        ("choice", "stage_one"),
        ("upscale", "stage_two"),
        ("similarity", "similarity"),
    ],
)
def test_every_kind_that_needs_a_model_is_refused_before_the_run(
    tmp_path: Path, kind: str, component: Component
) -> None:
    part = part_at(tmp_path / "nowhere", component)
    with pytest.raises(BadInput, match="there is no folder"):
        check_before_making([(kind, {"model": part.to_params()})], Surroundings("cpu", tmp_path))


def test_choice_by_the_seam_needs_no_model(tmp_path: Path) -> None:
    check_before_making([("choice", {"score": "seam", "mask": {}})], Surroundings("cpu", tmp_path))


def test_refusal_offers_the_pocket_model(folder: Path) -> None:
    (folder / UNET).unlink()
    assert "--backend pocket" in refusal(part_at(folder, "stage_one"))


def test_refusal_of_the_pocket_model_does_not_offer_itself(tmp_path: Path) -> None:
    part = ModelPart("pocket", "stage_one", str(tmp_path / "pocket-if"))
    message = refusal(part)
    assert "--backend" not in message
    assert "darkroom train-pocket" in message


def test_refusal_is_one_message_for_many_nodes(folder: Path) -> None:
    (folder / UNET).unlink()
    part = part_at(folder, "stage_one")
    message = refusal(*[part] * 50)
    assert message.count("unet") == refusal(part).count("unet")


def test_errors_of_the_libraries_do_not_escape(folder: Path) -> None:
    change(folder / "unet" / "config.json", block_out_channels=[16, 48])
    with pytest.raises(BadInput) as refused:
        load_stage(part_at(folder, "stage_one"), Path("/"))
    assert "cannot be loaded" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert "Traceback" not in "".join(traceback.format_exception_only(refused.value))
