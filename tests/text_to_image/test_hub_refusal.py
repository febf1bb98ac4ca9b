"""Each way in which the hub refuses has its own message; none of them carries the request."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants, errors

from tasks import BadInput, StepCancelled
from tasks.text_to_image.find_part import list_part, obtain_part
from tasks.text_to_image.hub import Listing, explain, fetch
from tasks.text_to_image.model_part import HubAddress, ModelPart

TOKEN = "hf_" + "T0kenThatMustNotBeSeen" * 2
HUB = HubAddress("owner/model", "main")
PART = ModelPart("deepfloyd", "stage_one", "owner/model", revision="main", variant="fp16")


class Response:
    """As much of a response as the errors of the hub look at."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers = {"x-request-id": "an-identifier"}
        self.request = {"authorization": f"Bearer {TOKEN}"}


def hub_error(kind: Callable[..., Exception], status: int = 403) -> Exception:
    return kind("the text of the hub", response=Response(status))


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (hub_error(errors.GatedRepoError), "needs an accepted licence"),
        (hub_error(errors.RepositoryNotFoundError, 404), "nor a repository of the hub named"),
        (hub_error(errors.RevisionNotFoundError, 404), "has no revision 'main'"),
        (hub_error(errors.HfHubHTTPError, 401), "does not accept the token in HF_TOKEN"),
        (hub_error(errors.HfHubHTTPError, 500), "answers with status 500"),
        (errors.LocalEntryNotFoundError("the text"), "the hub cannot be reached"),
        (TimeoutError("the text"), "the hub cannot be reached (TimeoutError)"),
    ],
)
def test_each_refusal_has_its_message(with_token: None, error: Exception, words: str) -> None:
    message = explain(error, PART, HUB)
    assert words in message
    assert message.endswith("or use --backend pocket, which needs none of this")
    assert "the text" not in message


def test_offline_mode_has_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for error in (errors.OfflineModeIsEnabled("text"), errors.LocalEntryNotFoundError("text")):
        assert "HF_HUB_OFFLINE keeps it from being downloaded" in explain(error, PART, HUB)


@pytest.fixture
def refusing_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_token: None) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    def refuse(self, *_: Any, **__: Any) -> None:
        raise hub_error(errors.GatedRepoError)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)


def test_refusal_holds_no_trace_of_the_request(refusing_hub: None) -> None:
    with pytest.raises(BadInput) as refused:
        list_part(PART, HUB)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    told = "".join(
        traceback.TracebackException.from_exception(refused.value, capture_locals=True).format()
    )
    assert TOKEN not in told


def test_refused_part_is_not_obtained(refusing_hub: None, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="needs an accepted licence"):
        obtain_part(PART, tmp_path, lambda *_: None, lambda: False)


def test_download_ends_when_the_run_is_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(repository: str, name: str, *, tqdm_class: Any, **_: Any) -> None:
        asked.append(name)
        with tqdm_class(total=10) as bar:
            bar.update(5)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    answers = iter([False, False, True])
    with pytest.raises(StepCancelled):
        fetch(PART, HUB, ["a", "b"], {"a": 10, "b": 10}, lambda *_: None, lambda: next(answers))
    assert asked == ["a"]


def test_stop_is_seen_even_if_the_transport_wraps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: Any, **__: Any) -> None:
        raise RuntimeError("wrapped")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    answers = iter([False, True])
    with pytest.raises(StepCancelled):
        fetch(PART, HUB, ["a"], {"a": 10}, lambda *_: None, lambda: next(answers))


def test_disk_without_room_is_told_with_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tasks.text_to_image import find_part

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    names = [
        *("model_index.json", "unet/config.json", "scheduler/scheduler_config.json"),
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ]
    listing = Listing("c" * 40, dict.fromkeys(names, 2**60))
    monkeypatch.setattr(find_part, "list_repository", lambda part, hub: listing)
    with pytest.raises(BadInput, match=r"4294967296\.0 GiB are to be downloaded to .*cache"):
        obtain_part(PART, tmp_path, lambda *_: None, lambda: False)
