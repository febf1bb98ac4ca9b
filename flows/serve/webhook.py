"""Tell a webhook that a run failed, or what flows.serve.claims finds.

DARKROOM_WEBHOOK_URL names it. The address may hold a secret: it is never logged, stored or shown,
not even in an error, and a redirect to another address is not followed.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flows.run.run import Run
from flows.run.run_request import RunRequest
from flows.serve.report_address import report_address
from tasks.running.cancellation import stop_requested

WEBHOOK_URL = "DARKROOM_WEBHOOK_URL"
TIMEOUT_SECONDS = 5.0
WAITS_SECONDS = (0.5, 2.0)
"""Before the second and the third try; there is no fourth."""

MAX_NODES = 20
MAX_MESSAGE = 500

_log = logging.getLogger(__name__)


@contextmanager
def failures_told(request: RunRequest) -> Iterator[None]:
    """An exception that leaves the block is told, then goes on its way."""
    try:
        yield
    except Exception as error:
        if not stop_requested():
            _tell(request, request.run_id, error=str(error) or type(error).__name__)
        raise


def tell_failed_steps(run: Run) -> None:
    """If steps of a run failed, say which. Never raises."""
    if run.failed:
        failed = {name: run.outcomes[name].error or "" for name in run.failed}
        _tell(run.request, run.id, profile=run.plan.profile, failed=failed)


def _tell(
    request: RunRequest,
    run_id: str | None,
    *,
    profile: str | None = None,
    failed: Mapping[str, str] | None = None,
    error: str | None = None,
) -> None:
    steps = list((failed or {}).items())
    post_declared(
        {
            "pipeline": request.pipeline,
            "profile": profile or request.profile,
            "run_id": run_id,
            "status": "failed",
            "failed": [
                {"node": name, "message": message[:MAX_MESSAGE]}
                for name, message in steps[:MAX_NODES]
            ],
            "failed_count": len(steps),
            "error": error[:MAX_MESSAGE] if error else None,
            "report": report_address(request),
        },
    )


def is_declared() -> bool:
    """Whether the environment names a webhook."""
    return bool(os.environ.get(WEBHOOK_URL, "").strip())


def post_declared(content: Mapping[str, Any]) -> None:
    """POST to the webhook of the environment, if it names one. Never raises."""
    if is_declared():
        post(os.environ[WEBHOOK_URL].strip(), content)


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
