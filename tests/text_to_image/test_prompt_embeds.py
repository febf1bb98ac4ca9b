"""A course's file of embeddings in place of the encoder: tensors and names, or it is refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import BadInput
from tasks.running.kinds import Surroundings
from tasks.text_to_image.check_models import check_models
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.prompt_embeds import embedding_of, read_prompt_embeds
from tests.text_to_image.parts import part_at
from tests.tiny_if import TinyIF

CAMPFIRE = "an oil painting of people around a campfire"


def embedding(value: float = 1.0, width: int = 32, **options: Any) -> torch.Tensor:
    return torch.full((1, 77, width), value, **options)


def part_of(path: Path) -> ModelPart:
    return ModelPart("deepfloyd", "text_encoder", str(path), prompt_embeds=str(path))


def saved(folder: Path, values: Any) -> ModelPart:
    path = folder / "prompt_embeds_dict.pth"
    torch.save(values, path)
    return part_of(path)


def refusal(part: ModelPart) -> str:
    with pytest.raises(BadInput) as refused:
        read_prompt_embeds(part, Path("/"))
    return str(refused.value)


def test_embedding_is_that_of_the_file(tmp_path: Path) -> None:
    part = saved(tmp_path, {"": embedding(0.0), CAMPFIRE: embedding(0.5, dtype=torch.float16)})
    found = embedding_of(part, read_prompt_embeds(part, Path("/")), CAMPFIRE)
    assert torch.equal(found, torch.full((77, 32), 0.5))


def test_case_and_blanks_around_a_prompt_mean_nothing(tmp_path: Path) -> None:
    part = saved(tmp_path, {"A Lithograph of Waterfalls ": embedding(2.0)})
    embeds = read_prompt_embeds(part, Path("/"))
    assert embedding_of(part, embeds, "a lithograph of waterfalls")[0, 0] == 2


def test_missing_prompt_is_told_with_those_that_come_near(tmp_path: Path) -> None:
    part = saved(tmp_path, {CAMPFIRE: embedding(), "a man": embedding()})
    with pytest.raises(BadInput) as refused:
        embedding_of(part, read_prompt_embeds(part, Path("/")), "an oil painting of a campfire")
    message = str(refused.value)
    assert f'nearest: "{CAMPFIRE}"' in message
    assert "backends.deepfloyd.prompt_embeds" in message


def test_all_missing_prompts_are_known_before_any_work(tmp_path: Path) -> None:
    part = saved(tmp_path, {CAMPFIRE: embedding(), "": embedding()})
    prompts = ["a rocket ship", CAMPFIRE, "", "a pencil"]
    params = [{"prompt": prompt, "model": part.to_params()} for prompt in prompts]
    with pytest.raises(BadInput) as refused:
        check_models(params, Surroundings("cpu", tmp_path))
    message = str(refused.value)
    assert '"a rocket ship"' in message
    assert '"a pencil"' in message
    assert CAMPFIRE not in message


def test_embeddings_that_the_unet_cannot_take_are_refused(tmp_path: Path, tiny_if: TinyIF) -> None:
    part = saved(tmp_path, {"": embedding(width=4096)})
    unet = part_at(tiny_if.stage_one, "stage_one")
    params = [{"prompt": "", "model": part.to_params()}, {"model": unet.to_params()}]
    with pytest.raises(BadInput, match=r"of width 4096, but .* of width 32"):
        check_models(params, Surroundings("cpu", tmp_path))


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


def test_code_in_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bomb.pth"
    torch.save({"": Bomb()}, path)
    assert "is not a file of tensors alone" in refusal(part_of(path))
    path.write_bytes(pickle.dumps({"": Bomb()}, protocol=2))
    assert "is not a file of tensors alone" in refusal(part_of(path))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([embedding()], "holds a list"),
        ({}, "holds a dict"),
        ({1: embedding()}, "has the key 1"),
        ({"a": [1.0]}, "has a list"),
        ({"a": torch.ones(1, 77, 32, dtype=torch.int64)}, "has a torch.int64"),
        ({"a": torch.ones(1, 50, 32)}, "has [1, 50, 32]"),
        ({"a": torch.ones(2, 77, 32)}, "has [2, 77, 32]"),
        ({"a": embedding(float("nan"))}, "not finite"),
        ({"a": embedding(), "b": embedding(width=64)}, "widths [32, 64]"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, values: Any, words: str) -> None:
    assert words in refusal(saved(tmp_path, values))


@pytest.mark.parametrize("content", [b"not a file of torch", b"PK\x03\x04 cut short"])
def test_what_torch_did_not_write_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "embeds.pth"
    path.write_bytes(content)
    assert "is not a file of tensors alone" in refusal(part_of(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "is a web page"),
    ],
)
def test_what_came_in_its_place_is_told_with_the_remedy(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "embeds.pth"
    path.write_bytes(content)
    assert words in refusal(part_of(path))


def test_missing_file_is_told(tmp_path: Path) -> None:
    assert "No such file" in refusal(part_of(tmp_path / "none.pth"))
