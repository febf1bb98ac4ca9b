"""Tell a webhook that a run failed, or that claims of a write-up held in the run before and do not
in this one.

DARKROOM_WEBHOOK_URL names it. The address may hold a secret: it is never logged, stored or shown,
not even in an error, and a redirect to another address is not followed.

A run records its claims as `claims` of its layout, {write-up: {claim: verdict}}. One that was not
checked, or could not be measured, is compared with the last run that decided it.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from flows.run.run import Run
from flows.run.run_record import KIND, LAYOUT
from flows.run.run_request import RunRequest, report_address
from tasks.claims.finding import FAILS, HOLDS
from tasks.running.progress import stop_requested
from tasks.store.node import key_of_run
from tasks.store.row import Row
from tasks.store.store import Store

WEBHOOK_URL = "DARKROOM_WEBHOOK_URL"
TIMEOUT_SECONDS = 5.0
WAITS_SECONDS = (0.5, 2.0)
"""Before the second and the third try; there is no fourth."""

MAX_NODES = 20
MAX_MESSAGE = 500
MAX_RUNS_READ = 10
"""How far to look back for one that decided a claim."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoppedClaim:
    """writeup, claim: their ids, as recorded. held_in: the run in which it last held."""

    writeup: str
    claim: str
    held_in: str


@contextmanager
def failures_told(request: RunRequest) -> Iterator[None]:
    """An exception that leaves the block is told, then goes on its way."""
    try:
        yield
    except Exception as error:
        if not stop_requested():
            told = (str(error) or type(error).__name__)[:MAX_MESSAGE]
            _tell_failure(request, request.run_id, request.profile, {}, told)
        raise


def tell_failed_steps(run: Run) -> None:
    """If steps of a run failed, say which. Never raises."""
    if run.failed:
        failed = {name: run.outcomes[name].error or "" for name in run.failed}
        _tell_failure(run.request, run.id, run.plan.profile, failed, None)


def tell_stopped_claims(run: Run) -> None:
    """If claims stopped holding with this run, as it is recorded, say which. Never raises."""
    if not is_declared():
        return
    try:
        stopped = _since_earlier_runs(run.store, key_of_run(run.id))
    except Exception:
        _log.warning("claims of run %s could not be compared", run.id, exc_info=True)
        return
    if stopped:
        _tell(
            run.request,
            run.id,
            run.plan.profile,
            "claims stopped holding",
            claims=[asdict(claim) for claim in stopped[:MAX_NODES]],
            claims_count=len(stopped),
        )


def _tell_failure(
    request: RunRequest,
    run_id: str | None,
    profile: str | None,
    failed: Mapping[str, str],
    error: str | None,
) -> None:
    """failed: node name to message."""
    shown = list(failed.items())[:MAX_NODES]
    nodes = [{"node": name, "message": message[:MAX_MESSAGE]} for name, message in shown]
    more = {"failed": nodes, "failed_count": len(failed), "error": error}
    _tell(request, run_id, profile, "failed", **more)


def _tell(
    request: RunRequest, run_id: str | None, profile: str | None, status: str, **more: Any
) -> None:
    """POST to the webhook of the environment, if it names one. Never raises."""
    if is_declared():
        content = {"pipeline": request.pipeline, "profile": profile, "run_id": run_id}
        content |= {"status": status, **more, "report": report_address(request)}
        post(os.environ[WEBHOOK_URL].strip(), content)


def is_declared() -> bool:
    """Whether the environment names a webhook."""
    return bool(os.environ.get(WEBHOOK_URL, "").strip())


def stopped_claims(
    now: Mapping[str, Any], before: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[StoppedClaim]:
    """Those that fail in the layout `now` and held when they were last decided.

    before: earlier runs, newest first, by id and layout; read no further than is needed. A layout
    without claims, or with something else in their place, decides none.
    """
    open_names = sorted(name for name, verdict in _verdicts(now).items() if verdict == FAILS)
    stopped = []
    for run_id, layout in before if open_names else ():
        earlier = _verdicts(layout)
        decided = [name for name in open_names if earlier.get(name) in (HOLDS, FAILS)]
        stopped += [StoppedClaim(*name, run_id) for name in decided if earlier[name] == HOLDS]
        open_names = [name for name in open_names if name not in decided]
        if not open_names:
            break
    return sorted(stopped, key=lambda claim: (claim.writeup, claim.claim))


def _since_earlier_runs(store: Store, key: str) -> list[StoppedClaim]:
    """Against those of the same pipeline, profile and model."""
    this = store.find(key, KIND)
    if this is None:
        return []
    like = [row for row in store.rows().of_kind(KIND) if row.key != key and _same(row, this)]
    earlier = _newest_first(like)[:MAX_RUNS_READ]
    return stopped_claims(
        _layout(store, this), ((row.run_id, _layout(store, row)) for row in earlier)
    )


def _same(row: Row, other: Row) -> bool:
    names = ("pipeline", "profile", "backend")
    return all(row.params.get(name) == other.params.get(name) for name in names)


def _newest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.age_order, reverse=True)


def _layout(store: Store, row: Row) -> dict[str, Any]:
    content = json.loads(store.read_object(row.objects[LAYOUT]))
    return content if isinstance(content, dict) else {}


def _verdicts(layout: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """By write-up and claim."""
    writeups = layout.get("claims")
    if not isinstance(writeups, Mapping):
        return {}
    return {
        (str(writeup), str(claim)): verdict
        for writeup, claims in writeups.items()
        if isinstance(claims, Mapping)
        for claim, verdict in claims.items()
        if isinstance(verdict, str)
    }


def post(url: str, content: Mapping[str, Any]) -> bool:
    """POST as JSON, a few times if need be; whether it was taken. Never raises."""
    problem = ""
    for wait in (0.0, *WAITS_SECONDS):
        time.sleep(wait)
        try:
            code = _post_once(url, json.dumps(content).encode())
        except (OSError, ValueError, http.client.HTTPException) as error:
            # The error's own text may hold the address.
            problem = type(error).__name__
            if isinstance(error, ValueError):
                break
            continue
        if 200 <= code < 300:
            return True
        problem = f"status {code}"
        if code < 500 and code != 429:
            break
    _log.warning("the webhook of %s did not take the message (%s)", WEBHOOK_URL, problem)
    return False


def _post_once(url: str, data: bytes) -> int:
    """The status of the answer. ValueError if the address is none of http."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("not an address of http")
    headers = {"Content-Type": "application/json", "User-Agent": "darkroom"}
    request = urllib.request.Request(url, data, headers, method="POST")
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """The redirect is then the answer."""


_OPENER = urllib.request.build_opener(_NoRedirect)
