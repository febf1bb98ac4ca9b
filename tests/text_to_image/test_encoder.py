"""The encoder gives what the pipeline's own encoder gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tasks.text_to_image.deepfloyd import TextEncoder, load_text_encoder
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


@pytest.mark.usefixtures("no_part_loaded")
def test_embeddings_are_those_of_the_pipeline(tiny_if: TinyIF) -> None:
    ours = encoder_of(tiny_if.stage_one, variant=None).encode(PROMPTS)
    theirs = pipeline_embeddings(tiny_if.stage_one, torch_dtype=torch.float32)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("no_part_loaded")
@pytest.mark.parametrize("number_format", ["float16", "bfloat16"])
def test_narrow_formats_are_those_of_the_pipeline(tiny_if: TinyIF, number_format: str) -> None:
    dtype = getattr(torch, number_format)
    ours = encoder_of(tiny_if.stage_one, number_format=number_format).encode(PROMPTS)
    theirs = pipeline_embeddings(tiny_if.stage_one, variant="fp16", torch_dtype=dtype)
    torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)


@pytest.mark.usefixtures("no_part_loaded")
def test_overflowing_layers_stay_in_float32(tiny_if: TinyIF) -> None:
    model = encoder_of(tiny_if.stage_one, number_format="float16").model
    formats = {name.split(".")[-2]: weight.dtype for name, weight in model.named_parameters()}
    assert formats["wo"] == torch.float32
    assert formats["q"] == torch.float16


@pytest.mark.usefixtures("no_part_loaded")
def test_embedding_does_not_depend_on_the_other_prompts(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    together = encoder.encode(PROMPTS)
    alone = torch.cat([encoder.encode([prompt]) for prompt in reversed(PROMPTS)])
    assert torch.equal(together, alone.flip(0))


@pytest.mark.usefixtures("no_part_loaded")
def test_embeddings_are_float32_of_77_tokens(tiny_if: TinyIF) -> None:
    embeddings = encoder_of(tiny_if.stage_one, number_format="bfloat16").encode(["a dog"])
    assert embeddings.shape == (1, 77, EMBEDDING_WIDTH)
    assert embeddings.dtype == torch.float32


@pytest.mark.usefixtures("no_part_loaded")
def test_case_and_blanks_around_a_prompt_mean_nothing(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    assert torch.equal(encoder.encode(["A Red PANDA "]), encoder.encode(["a red panda"]))


@pytest.mark.usefixtures("no_part_loaded")
def test_what_77_tokens_do_not_hold_is_told(tiny_if: TinyIF) -> None:
    encoder = encoder_of(tiny_if.stage_one)
    long = " ".join(["dog"] * 100)
    kept = " ".join(["dog"] * 76)
    assert encoder.cut_off(kept) == ""
    assert encoder.cut_off(long) == " ".join(["dog"] * 24)
    assert torch.equal(encoder.encode([long]), encoder.encode([kept]))


@pytest.mark.usefixtures("no_part_loaded")
def test_plain_folder_of_float16_loads_as_float32(plain_tiny_if: TinyIF) -> None:
    encoder = encoder_of(plain_tiny_if.stage_one, variant=None)
    assert {weight.dtype for weight in encoder.model.parameters()} == {torch.float32}
