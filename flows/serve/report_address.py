"""Where a person can open the report of a run."""

from __future__ import annotations

import os

from flows.run.run_request import RunRequest

REPORT_URL = "DARKROOM_REPORT_URL"
"""In the environment of a run: where its report folder is served. Set by `darkroom up`."""


def served_report(pipeline: str) -> str | None:
    """The address of a pipeline's page, if its report is served."""
    return served_file(f"{pipeline}.html")


def served_file(path: str) -> str | None:
    """The address of a file of the report, if it is served."""
    url = os.environ.get(REPORT_URL, "").rstrip("/")
    return f"{url}/{path}" if url else None


def report_address(request: RunRequest) -> str:
    """That address, else the path of the report's first page."""
    return served_report(request.pipeline) or os.path.join(request.report_path, "index.html")
