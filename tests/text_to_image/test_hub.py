"""Models of the hub: what stands in the way is told in one message, and what is here needs no hub.

The hub is a server of this machine; the client that speaks to it is the real one.
"""

from __future__ import annotations

import json
import traceback
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants, errors

from tasks import BadInput, StepCancelled
from tasks.running.kinds import Surroundings
from tasks.text_to_image import check_models, find_part
from tasks.text_to_image import hub as hub_module
from tasks.text_to_image.find_part import list_part, obtain_part
from tasks.text_to_image.hub import Listing, explain, fetch
from tasks.text_to_image.memory import GIB
from tasks.text_to_image.model_part import Component, HubAddress, ModelPart
from tests.text_to_image.fake_hub import COMMIT, FakeHub, fake_hub
from tests.tiny_if import TinyIF

TOKEN = "hf_" + "T0kenThatMustNotBeSeen" * 2


@pytest.fixture
def hub(tiny_if: TinyIF) -> Iterator[FakeHub]:
    with fake_hub(tiny_if.stage_one) as served:
        yield served


@pytest.fixture
def gated_hub(tiny_if: TinyIF) -> Iterator[FakeHub]:
    with fake_hub(tiny_if.stage_one, accepted={"hf_accepted"}) as served:
        yield served


def only_message(done) -> str:
    """What a refused check says: one line, no traceback, and never the token."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert TOKEN not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    return line


def test_without_a_token_the_message_asks_for_licence_and_token(gated_hub, tmp_path: Path) -> None:
    message = only_message(gated_hub.ask(tmp_path))
    assert "needs an accepted licence and a token, and there is no token" in message
    assert f"{gated_hub.address}/owner/tiny-if" in message
    assert "HF_TOKEN" in message
    assert "--backend pocket" in message


def test_without_the_licence_the_message_asks_for_it(gated_hub, tmp_path: Path) -> None:
    message = only_message(gated_hub.ask(tmp_path, HF_TOKEN=TOKEN))
    assert "the account of HF_TOKEN has not accepted it" in message
    assert "--backend pocket" in message


def test_with_licence_and_token_nothing_is_in_the_way(gated_hub, tmp_path: Path) -> None:
    done = gated_hub.ask(tmp_path, HF_TOKEN="hf_accepted")
    assert done.stdout == "nothing in the way\n", done.stderr


def test_refused_check_downloads_nothing(gated_hub, tmp_path: Path) -> None:
    gated_hub.ask(tmp_path, HF_TOKEN=TOKEN)
    assert gated_hub.downloads == []


def test_check_downloads_configurations_and_no_weights(hub, tmp_path: Path) -> None:
    hub.ask(tmp_path)
    assert "unet/config.json" in hub.downloads
    assert not any(name.endswith(".safetensors") for name in hub.downloads)


def test_unknown_repository_is_named(hub, tmp_path: Path) -> None:
    message = only_message(hub.ask(tmp_path, FAKE_ADDRESS="owner/no-such-model", HF_TOKEN=TOKEN))
    assert "neither a folder nor a repository of the hub named owner/no-such-model" in message
    assert "backends.deepfloyd" in message


def test_unknown_revision_is_named(hub, tmp_path: Path) -> None:
    message = only_message(hub.ask(tmp_path, FAKE_REVISION="no-such-branch"))
    assert "has no revision 'no-such-branch'" in message


@pytest.mark.parametrize(
    ("status", "words"),
    [(503, "answers with status 503; try later"), (401, "does not accept the token in HF_TOKEN")],
)
def test_status_of_the_hub_is_told(hub, tmp_path: Path, status: int, words: str) -> None:
    hub.status = status
    assert words in only_message(hub.ask(tmp_path, HF_TOKEN=TOKEN))


def test_no_network_is_told_as_such(hub, tmp_path: Path) -> None:
    message = only_message(hub.ask(tmp_path, HF_ENDPOINT="http://127.0.0.1:9", HF_TOKEN=TOKEN))
    assert "the hub cannot be reached" in message
    assert "--backend pocket" in message


def test_offline_mode_is_told_as_such(hub, tmp_path: Path) -> None:
    message = only_message(hub.ask(tmp_path, HF_HUB_OFFLINE="1", HF_TOKEN=TOKEN))
    assert "HF_HUB_OFFLINE" in message
    assert hub.asked == []


def test_obtained_part_is_only_what_the_part_needs(hub, tmp_path: Path) -> None:
    done = hub.ask(tmp_path, "stage_one", "obtain")
    assert json.loads(done.stdout)["commit"] == COMMIT
    assert sorted(hub.downloads) == [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ]


def test_download_tells_how_far_it_is(hub, tmp_path: Path) -> None:
    told = json.loads(hub.ask(tmp_path, "text_encoder", "obtain").stdout)["told"]
    assert told[0] == "downloading owner/tiny-if, 0.0 MiB of 0.3 MiB"
    assert told[-1] == "downloading owner/tiny-if, 0.3 MiB of 0.3 MiB"


def test_what_the_cache_holds_needs_neither_hub_nor_token(gated_hub, tmp_path: Path) -> None:
    gated_hub.ask(tmp_path, "stage_one", "obtain", HF_TOKEN="hf_accepted")
    gated_hub.asked.clear()
    done = gated_hub.ask(tmp_path, "stage_one", "obtain", HF_HUB_OFFLINE="1")
    assert json.loads(done.stdout)["commit"] == COMMIT
    assert gated_hub.asked == []


def test_half_of_a_part_in_the_cache_is_fetched_to_the_end(hub, tmp_path: Path) -> None:
    hub.ask(tmp_path)
    hub.asked.clear()
    hub.ask(tmp_path, "stage_one", "obtain")
    assert hub.downloads == ["unet/diffusion_pytorch_model.fp16.safetensors"]


def test_token_is_in_no_message_and_no_traceback(gated_hub, tmp_path: Path) -> None:
    done = gated_hub.ask(tmp_path, HF_TOKEN=TOKEN, HF_DEBUG="1", PYTHONFAULTHANDLER="1")
    assert TOKEN not in done.stdout + done.stderr


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
    monkeypatch.setattr(hub_module.shutil, "disk_usage", lambda place: DiskUsage(size, 0, size))


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
