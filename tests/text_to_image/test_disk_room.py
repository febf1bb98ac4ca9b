"""Room for what is to be downloaded is known before a run starts, for all of it together."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest
from huggingface_hub import constants

from tasks import BadInput
from tasks.running.kinds import Surroundings
from tasks.text_to_image import check_models, find_part, hub
from tasks.text_to_image.hub import Listing
from tasks.text_to_image.model_part import Component, ModelPart
from tasks.text_to_image.sizes import GIB

SIZES = {
    "model_index.json": 0,
    "text_encoder/config.json": 0,
    "text_encoder/model.fp16.safetensors": 11 * GIB,
    "tokenizer/spiece.model": 0,
    "tokenizer/tokenizer_config.json": 0,
    "scheduler/scheduler_config.json": 1 * GIB,
    "unet/config.json": 0,
    "unet/diffusion_pytorch_model.fp16.safetensors": 8 * GIB,
}
"""Of the fp16 files of a repository. Stage I and the noise schedule share one of them."""

DiskUsage = namedtuple("DiskUsage", ["total", "used", "free"])


class NothingInTheWay(Exception):
    """The first file would be fetched."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub has a large model, and the cache is empty."""

    def fetch(*_: object) -> None:
        raise NothingInTheWay

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(find_part, "list_repository", lambda *_: Listing("c" * 40, SIZES))
    for module in (check_models, find_part):
        monkeypatch.setattr(module, "fetch", fetch)
    return tmp_path / "cache"


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda place: DiskUsage(size, 0, size))


def part(component: Component) -> ModelPart:
    return ModelPart("deepfloyd", component, "owner/if", revision="main", variant="fp16")


def check(*components: Component) -> None:
    params = [{"model": part(component).to_params()} for component in components]
    check_models.check_models(params, Surroundings("cpu", Path("/")))


def test_parts_that_fit_only_one_by_one_are_refused_with_their_sum(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 19 * GIB)
    for component in ("text_encoder", "stage_one"):
        with pytest.raises(NothingInTheWay):
            check(component)
    with pytest.raises(BadInput) as refused:
        check("stage_one", "text_encoder")
    message = str(refused.value)
    assert "owner/if (text encoder) and owner/if (stage I): 20.0 GiB are to be down" in message
    assert f"to {cache}, where 19.0 GiB are free" in message
    assert "--backend pocket" in message


def test_a_file_that_two_parts_need_is_counted_once(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 20 * GIB)
    with pytest.raises(NothingInTheWay):
        check("text_encoder", "scheduler", "stage_one")


def test_a_step_that_finds_no_room_left_says_so(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 7 * GIB)
    with pytest.raises(BadInput, match=r"\(stage I\): 9.0 GiB are to be downloaded"):
        find_part.obtain_part(part("stage_one"), Path("/"), lambda *_: None, lambda: False)
