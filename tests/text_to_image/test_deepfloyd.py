"""The encoder and the stages give what the pipelines give, without what is not needed for it."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tasks.text_to_image.deepfloyd import (
    LoadedStage,
    TextEncoder,
    load_scheduler,
    load_stage,
    load_text_encoder,
)
from tasks.text_to_image.model_part import Component
from tasks.text_to_image.quiet import quiet_libraries
from tests.text_to_image.parts import part_at
from tests.tiny_if import EMBEDDING_WIDTH, TinyIF, quiet_diffusers

PROMPTS = ["an oil painting of a snowy mountain village", "A Red PANDA ", ""]


def encoder_of(folder: Path, **options) -> TextEncoder:
    return load_text_encoder(part_at(folder, "text_encoder", **options), Path("/"))


def pipeline_embeddings(folder: Path, **options) -> torch.Tensor:
    with quiet_diffusers() as diffusers:
        pipeline = diffusers.IFPipeline.from_pretrained(
            folder, unet=None, safety_checker=None, feature_extractor=None, **options
        )
        embeddings, _ = pipeline.encode_prompt(PROMPTS, do_classifier_free_guidance=False)
    return embeddings.float()


def test_embeddings_are_those_of_the_pipeline(tiny_if: TinyIF) -> None:
    ours = encoder_of(tiny_if.stage_one, variant=None).encode(PROMPTS)
    theirs = pipeline_embeddings(tiny_if.stage_one, torch_dtype=torch.float32)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("number_format", ["float16", "bfloat16"])
def test_narrow_formats_are_those_of_the_pipeline(tiny_if: TinyIF, number_format: str) -> None:
    dtype = getattr(torch, number_format)
    ours = encoder_of(tiny_if.stage_one, number_format=number_format).encode(PROMPTS)
    theirs = pipeline_embeddings(tiny_if.stage_one, variant="fp16", torch_dtype=dtype)
    torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)


def test_overflowing_layers_stay_in_float32(tiny_if: TinyIF) -> None:
    model = encoder_of(tiny_if.stage_one, number_format="float16").model
    formats = {name.split(".")[-2]: weight.dtype for name, weight in model.named_parameters()}
    assert formats["wo"] == torch.float32
    assert formats["q"] == torch.float16


def test_embedding_does_not_depend_on_the_other_prompts(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    together = encoder.encode(PROMPTS)
    alone = torch.cat([encoder.encode([prompt]) for prompt in reversed(PROMPTS)])
    assert torch.equal(together, alone.flip(0))


def test_embeddings_are_float32_of_77_tokens(tiny_if: TinyIF) -> None:
    embeddings = encoder_of(tiny_if.stage_one, number_format="bfloat16").encode(["a dog"])
    assert embeddings.shape == (1, 77, EMBEDDING_WIDTH)
    assert embeddings.dtype == torch.float32


def test_case_and_blanks_around_a_prompt_mean_nothing(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    assert torch.equal(encoder.encode(["A Red PANDA "]), encoder.encode(["a red panda"]))


def test_what_77_tokens_do_not_hold_is_told(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    long = " ".join(["dog"] * 100)
    kept = " ".join(["dog"] * 76)
    assert encoder.cut_off(kept) == ""
    assert encoder.cut_off(long) == " ".join(["dog"] * 24)
    assert torch.equal(encoder.encode([long]), encoder.encode([kept]))


def test_plain_folder_of_float16_loads_as_float32(plain_tiny_if: TinyIF) -> None:
    encoder = encoder_of(plain_tiny_if.stage_one, variant=None)
    assert {weight.dtype for weight in encoder.model.parameters()} == {torch.float32}


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
    assert (stage.noising_scheduler is not None) == (component == "stage_two")
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


ROOT = Path(__file__).parents[2]

LOAD = """
import sys
from pathlib import Path
import torch
from tasks.text_to_image.deepfloyd import load_stage, load_text_encoder
from tests.text_to_image.parts import part_at

first, second = map(Path, sys.argv[1:])
encoder = load_text_encoder(part_at(first, "text_encoder", number_format="bfloat16"), Path("/"))
embeds = encoder.encode(["a dog " * 100])
assert encoder.cut_off("a dog " * 100)
t = torch.tensor([10])
stage = load_stage(part_at(first, "stage_one"), Path("/"))
stage.unet(torch.zeros(1, 3, 16, 16), t, embeds)
stage = load_stage(part_at(second, "stage_two"), Path("/"))
stage.unet(torch.zeros(1, 6, 16, 16), t, embeds, t)
"""


def test_nothing_is_printed_when_a_model_is_loaded_and_used(tiny_if: TinyIF) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tiny_if.stage_one), str(tiny_if.stage_two)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


def test_logging_and_progress_bars_are_as_they_were() -> None:
    from diffusers.utils import logging as diffusers_logging

    logger = logging.getLogger("diffusers")
    before = logger.level, diffusers_logging.is_progress_bar_enabled()
    with quiet_libraries():
        assert logger.level == logging.ERROR
        assert not diffusers_logging.is_progress_bar_enabled()
    assert (logger.level, diffusers_logging.is_progress_bar_enabled()) == before


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
