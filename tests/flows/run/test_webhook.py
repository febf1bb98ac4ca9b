"""A webhook is told of a failed run, once, and of claims that held in an earlier one and fail now;
where it is, is never said."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.run import webhook
from flows.run.run_request import RunRequest
from flows.run.webhook import StoppedClaim, stopped_claims, tell_stopped_claims
from tasks.store.locks import run_is_alive
from tasks.store.node import key_of_run
from tasks.store.row import Row
from tasks.store.store import Store
from tests.flows.conftest import Workplace
from tests.flows.declared_claims import declared
from tests.flows.run.conftest import SECRET, Hook

HELD = {"w1": {"fm-loss": "holds", "ddpm-loss": "holds"}, "w2": {"fm-loss": "holds"}}
FAILS = "does not hold here"

CLAIM = "claim/small/denoiser-epochs"
STOPPED = ("small", "denoiser-epochs")
"""As `declared` declares it."""


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
def test_failed_run_tells_which_steps_failed_and_why_while_it_still_lives(
    prefect_workplace: Workplace, hook: Hook, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(prefect_workplace.folder))
    is_live: list[bool | None] = []
    hook.on_message = lambda message: is_live.append(run_is_alive(message["run_id"]))
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


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("holds", FAILS, [("w1", "c")]),
        ("holds", "holds", []),
        ("holds", "not measurable here", []),
        ("not measurable here", FAILS, []),
        (FAILS, FAILS, []),
        (FAILS, "holds", []),
    ],
)
def test_only_a_claim_that_held_and_fails_has_stopped(
    before: str, now: str, expected: list[tuple[str, str]]
) -> None:
    earlier = [("before", {"claims": {"w1": {"c": before}}})]
    found = stopped_claims({"claims": {"w1": {"c": now}}}, earlier)
    assert [(claim.writeup, claim.claim) for claim in found] == expected


def test_claims_of_one_id_in_two_writeups_are_told_apart() -> None:
    now = {**HELD, "w2": {"fm-loss": FAILS}}
    assert stopped_claims({"claims": now}, [("before", {"claims": HELD})]) == [
        StoppedClaim("w2", "fm-loss", "before")
    ]


@pytest.mark.parametrize("claims", [None, [], "holds", {"w1": None}, {"w1": ["holds"]}, {}])
def test_run_without_claims_has_none_that_stopped(claims: Any) -> None:
    failing = {"claims": {"w1": {"fm-loss": FAILS}}}
    assert stopped_claims(failing, [("before", {"claims": claims})]) == []
    assert stopped_claims({"claims": claims}, [("before", {"claims": HELD})]) == []
    assert stopped_claims({}, [("before", {})]) == []


def test_each_claim_is_compared_with_the_last_run_that_decided_it() -> None:
    now = {"claims": {"w1": {"a": FAILS, "b": FAILS, "c": FAILS, "d": FAILS}}}
    before = [
        ("newer", {"claims": {"w1": {"a": "holds", "b": None, "c": "not measurable here"}}}),
        ("older", {"claims": {"w1": {"a": FAILS, "b": FAILS, "c": "holds"}}}),
    ]
    assert stopped_claims(now, before) == [
        StoppedClaim("w1", "a", "newer"),
        StoppedClaim("w1", "c", "older"),
    ]


class Records:
    """Runs of a pipeline, each recorded after the one before."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(str(folder / "store"))
        self._recorded = 0

    def add(self, run_id: str, claims: Any, *, profile: str = "quick") -> Any:
        """The run, as far as the webhook asks for it. claims: None for a run that has none."""
        layout: dict[str, Any] = {"pipeline": "small"} | ({"claims": claims} if claims else {})
        self._recorded += 1
        moment = datetime.now(UTC) + timedelta(seconds=self._recorded)
        self.store.record(
            Row(
                key=key_of_run(run_id),
                name="run/small",
                kind="run",
                params={"pipeline": "small", "profile": profile, "backend": None},
                objects={"layout.json": self.store.put_object(json.dumps(layout).encode(), "json")},
                run_id=run_id,
                created_at=moment.isoformat(timespec="microseconds"),
            )
        )
        plan = SimpleNamespace(pipeline="small", profile=profile)
        request = RunRequest(pipeline="small", store=self.store.address)
        return SimpleNamespace(id=run_id, store=self.store, plan=plan, request=request)


@pytest.fixture
def records(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Records:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(webhook.WEBHOOK_URL, hook.url)
    return Records(tmp_path)


def test_claim_that_stopped_holding_is_told_with_both_runs(records: Records, hook: Hook) -> None:
    records.add("before", HELD)
    tell_stopped_claims(records.add("now", {**HELD, "w2": {"fm-loss": FAILS}}))
    (message,) = hook.messages
    assert message == {
        "pipeline": "small",
        "profile": "quick",
        "run_id": "now",
        "status": "claims stopped holding",
        "claims": [{"writeup": "w2", "claim": "fm-loss", "held_in": "before"}],
        "claims_count": 1,
        "report": f"{records.store.address}/report/index.html",
    }


def test_claim_that_already_failed_is_not_told_again(records: Records, hook: Hook) -> None:
    failing = {"w1": {"fm-loss": FAILS}}
    records.add("oldest", HELD)
    records.add("before", failing)
    tell_stopped_claims(records.add("now", failing))
    assert hook.messages == []


def test_runs_without_claims_and_of_other_profiles_are_passed_over(
    records: Records, hook: Hook
) -> None:
    records.add("before", HELD)
    records.add("interrupted", None)
    records.add("elsewhere", {"w1": {"fm-loss": FAILS}}, profile="paper")
    tell_stopped_claims(records.add("now", {"w1": {"fm-loss": FAILS}}))
    (message,) = hook.messages
    assert [claim["held_in"] for claim in message["claims"]] == ["before"]


def test_first_run_and_a_run_without_claims_tell_nothing(records: Records, hook: Hook) -> None:
    tell_stopped_claims(records.add("first", {"w1": {"fm-loss": FAILS}}))
    tell_stopped_claims(records.add("second", None))
    assert hook.messages == []


def test_record_that_cannot_be_read_is_logged_and_no_more(
    records: Records, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    before = records.add("before", HELD)
    for path in Path(before.store.address).glob("objects/*/*.json"):
        path.write_bytes(b"damaged")
    tell_stopped_claims(before)
    assert hook.messages == []
    assert "claims of run before could not be compared" in caplog.text


def test_run_of_the_command_line_without_claims_tells_nothing(
    workplace: Workplace, hook: Hook
) -> None:
    workplace.small("run")
    done = workplace.small("run", "--only", "data/*", DARKROOM_WEBHOOK_URL=hook.url)
    assert (done.returncode, hook.messages) == (0, [])


def told_by(hook: Hook) -> list[tuple[str, str]]:
    """Write-up and claim of all that the hook was told of."""
    assert all(message["status"] == "claims stopped holding" for message in hook.messages)
    return [(c["writeup"], c["claim"]) for message in hook.messages for c in message["claims"]]


@pytest.mark.parametrize("command", [f"run --only {CLAIM}", "flow draw-figures"])
def test_run_in_which_a_claim_stops_holding_tells_it(
    prefect_workplace: Workplace, hook: Hook, tmp_path: Path, command: str
) -> None:
    file = ("--file", str(declared(tmp_path)))
    told = {"DARKROOM_WEBHOOK_URL": hook.url}
    assert prefect_workplace.run("run", "small", *file, **told).returncode == 0
    held_in = prefect_workplace.newest_layout()["run_id"]
    assert hook.messages == []
    done = prefect_workplace.run(
        *command.split(), "small", *file, "--force", DARKROOM_FAKE_UNTRUE=CLAIM, **told
    )
    assert done.returncode == 0, done.stderr
    assert told_by(hook) == [STOPPED]
    (message,) = hook.messages
    assert message["run_id"] == prefect_workplace.newest_layout()["run_id"] != held_in
    assert message["claims"][0]["held_in"] == held_in


def test_run_that_finds_a_failing_claim_in_the_store_tells_it(
    workplace: Workplace, hook: Hook, tmp_path: Path
) -> None:
    words = ["run", "small", "--file", str(declared(tmp_path))]
    other = ["--set", "models.first.batch_size=32"]
    workplace.run(*words, *other, DARKROOM_FAKE_UNTRUE=CLAIM)
    workplace.run(*words)
    before = len(workplace.computed())
    done = workplace.run(*words, *other, DARKROOM_WEBHOOK_URL=hook.url)
    assert done.returncode == 0, done.stderr
    assert len(workplace.computed()) == before
    assert told_by(hook) == [STOPPED]
