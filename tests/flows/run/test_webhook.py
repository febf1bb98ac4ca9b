"""A failed run tells a webhook, once, and never says where that is."""

from __future__ import annotations

import json
import logging
import tempfile
import time

import pytest

from flows.run import webhook
from flows.run.run_request import RunRequest
from tasks.store.lease import run_is_alive
from tests.flows.conftest import Workplace
from tests.flows.run.conftest import SECRET, Hook


@pytest.mark.parametrize(
    ("answers", "taken", "tries"),
    [
        ([200], True, 1),
        ([503, 429, 204], True, 3),
        ([500, 500, 500, 500], False, 3),
        ([404, 200], False, 1),
        ([302, 200], False, 1),
        ([307, 200], False, 1),
    ],
)
def test_message_is_tried_again_only_where_that_may_help(
    hook: Hook, answers: list[int], taken: bool, tries: int
) -> None:
    hook.answers = answers
    assert webhook.post(hook.url, {"status": "failed"}) is taken
    assert hook.paths == [f"/{SECRET}"] * tries


def test_webhook_that_does_not_answer_is_given_up(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.1)
    hook.delay = 5
    began = time.monotonic()
    assert not webhook.post(hook.url, {})
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{SECRET}",
        f"file:///{SECRET}",
        SECRET,
        f"http://[{SECRET}/",
        f"http://127.0.0.1:port/{SECRET}",
        f"http://127.0.0.1/{SECRET} with blank",
        f"http://127.0.0.1/{SECRET}\n",
        f"http://{SECRET}.invalid/",
    ],
)
def test_address_that_cannot_be_used_is_neither_raised_nor_logged(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "WAITS_SECONDS", ())
    with caplog.at_level(logging.DEBUG):
        assert not webhook.post(url, {})
    assert "DARKROOM_WEBHOOK_URL" in caplog.text
    assert SECRET not in caplog.text


def test_exception_is_told_and_goes_on(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(webhook.WEBHOOK_URL, hook.url)
    request = RunRequest(pipeline="small", profile="quick", run_id="r1")
    with pytest.raises(RuntimeError), webhook.failures_told(request):
        raise RuntimeError("no such thing" * 1000)
    (message,) = hook.messages
    assert (message["pipeline"], message["run_id"], message["status"]) == ("small", "r1", "failed")
    assert len(message["error"]) == webhook.MAX_MESSAGE


def test_nothing_is_sent_without_an_address(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(webhook.WEBHOOK_URL, raising=False)
    with pytest.raises(RuntimeError), webhook.failures_told(RunRequest()):
        raise RuntimeError
    assert hook.messages == []


@pytest.mark.parametrize("command", ["run", "flow train-models"])
def test_failed_run_tells_which_steps_failed_and_why(
    prefect_workplace: Workplace, hook: Hook, command: str
) -> None:
    done = prefect_workplace.small(
        command, DARKROOM_FAKE_FAIL="train/first", DARKROOM_WEBHOOK_URL=hook.url
    )
    (message,) = hook.messages
    layout = prefect_workplace.newest_layout()
    assert done.returncode == 1
    assert message == {
        "pipeline": "small",
        "profile": "quick",
        "run_id": layout["run_id"],
        "status": "failed",
        "failed": [{"node": "train/first", "message": "train/first: asked to fail"}],
        "failed_count": 1,
        "error": None,
        "report": f"{prefect_workplace.store}/report/index.html",
    }
    assert SECRET not in done.stdout + done.stderr + json.dumps(layout)


@pytest.mark.parametrize("command", ["run", "flow train-models"])
def test_run_is_live_until_its_failure_is_told(
    prefect_workplace: Workplace, hook: Hook, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(prefect_workplace.folder))
    is_live: list[bool | None] = []
    hook.on_message = lambda message: is_live.append(run_is_alive(message["run_id"]))
    prefect_workplace.small(
        command, DARKROOM_FAKE_FAIL="train/first", DARKROOM_WEBHOOK_URL=hook.url
    )
    assert is_live == [True]


def test_webhook_that_fails_does_not_change_how_the_run_ends(prefect_workplace: Workplace) -> None:
    done = prefect_workplace.small(
        "run",
        DARKROOM_FAKE_FAIL="train/first",
        DARKROOM_WEBHOOK_URL=f"http://127.0.0.1:1/{SECRET}",
    )
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    assert prefect_workplace.statuses()["train/first"] == "failed"
