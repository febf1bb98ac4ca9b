"""The step of kind "prompt"."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tasks import BadInput, StepCancelled
from tasks.running.step import StepResult
from tasks.store.node import canonical_json
from tasks.text_to_image import deepfloyd
from tasks.text_to_image.steps.encode_prompt import encode_prompts
from tests.text_to_image.parts import part_at

pytestmark = pytest.mark.usefixtures("no_part_loaded")

TOKEN = "hf_" + "T0kenThatMustNotBeSeen" * 2


def prompt_params(folder, prompt, **options):
    return {"prompt": prompt, "model": part_at(folder, "text_encoder", **options).to_params()}


def test_row_holds_the_embedding_and_its_number_format(workshop, tiny_if):
    params = prompt_params(tiny_if.stage_one, "a dog", number_format="bfloat16")
    row = workshop.run("prompt", params)
    embedding = workshop.read(row, "embedding.safetensors")["prompt_embeds"]
    assert embedding.shape == (77, 32)
    assert embedding.dtype == "float32"
    assert row.info == {
        "prompt": "a dog",
        "number_format": "bfloat16",
        "commit": None,
        "cut_off": "",
    }


def test_row_tells_what_of_the_prompt_is_cut_off(workshop, tiny_if):
    row = workshop.run("prompt", prompt_params(tiny_if.stage_one, "dog " * 80))
    assert row.info["cut_off"] == "dog dog dog dog"


def test_prompts_are_encoded_by_one_encoder_read_once(workshop, tiny_if, monkeypatch):

    reads = []
    read = deepfloyd._load_pipeline
    monkeypatch.setattr(
        deepfloyd,
        "_load_pipeline",
        lambda *args, **options: reads.append(1) or read(*args, **options),
    )
    prompts = ["a dog", "a rocket ship", ""]
    steps = [workshop.step("prompt", prompt_params(tiny_if.stage_one, p)) for p in prompts]
    results = encode_prompts(steps)
    assert len(reads) == 1
    assert [result.info["prompt"] for result in results] == prompts


def test_embedding_is_the_same_alone_and_in_a_batch(workshop, tiny_if):
    params = [prompt_params(tiny_if.stage_one, prompt) for prompt in ("a dog", "a red panda", "")]
    together = encode_prompts([workshop.step("prompt", one) for one in params])
    alone = [encode_prompts([workshop.step("prompt", one)])[0] for one in reversed(params)]
    assert [result.objects for result in together] == [result.objects for result in alone[::-1]]


def test_prompt_that_fails_leaves_the_others_whole(workshop, tiny_if, tmp_path):
    path = tmp_path / "embeds.pth"
    torch.save({"a dog": torch.ones(1, 77, 32)}, path)
    model = part_at(path, "text_encoder", prompt_embeds=str(path), variant=None).to_params()
    steps = [
        workshop.step("prompt", {"prompt": prompt, "model": model})
        for prompt in ("a dog", "a rocket ship", "A Dog")
    ]
    first, second, third = encode_prompts(steps)
    assert isinstance(second, BadInput)
    assert isinstance(first, StepResult)
    assert first.objects == third.objects
    assert first.info["number_format"] == "float32"


def test_file_of_embeddings_that_changed_after_the_plan_is_refused(workshop, tmp_path):
    path = tmp_path / "embeds.pth"
    torch.save({"a dog": torch.ones(1, 77, 32)}, path)
    part = part_at(path, "text_encoder", prompt_embeds=str(path), variant=None, digest="0" * 64)
    (result,) = encode_prompts(
        [workshop.step("prompt", {"prompt": "a dog", "model": part.to_params()})]
    )
    assert isinstance(result, BadInput)
    assert "has changed since the run was planned" in str(result)


def test_encoding_ends_when_asked_to_stop(workshop, tiny_if):
    answers = iter([False] * 6 + [True] * 10)
    steps = [
        workshop.step(
            "prompt", prompt_params(tiny_if.stage_one, p), should_stop=lambda: next(answers)
        )
        for p in ["a dog", ""] * 5
    ]
    with pytest.raises(StepCancelled):
        encode_prompts(steps)


def test_token_of_the_environment_is_in_no_row_and_no_object(workshop, tiny_if, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    row = workshop.run("prompt", prompt_params(tiny_if.stage_one, "a dog"))
    assert TOKEN not in canonical_json([row.params, row.info, row.versions, row.identity])
    stored = [path for path in Path(workshop.store.address).rglob("*") if path.is_file()]
    assert stored
    assert not any(TOKEN.encode() in path.read_bytes() for path in stored)
