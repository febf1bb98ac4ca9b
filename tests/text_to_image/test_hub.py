"""Models of the hub: what stands in the way is told in one message, and what is here needs no hub.

The hub is a server of this machine; the client that speaks to it is the real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

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
