"""The run that a preview has in the background, in a process of its own: it tells on stdout, as
lines of JSON, what happens and how it ended, and stops softly when its stdin is closed.

python -m flows.serve.preview_run    the request, as JSON, is the first line of stdin
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from dataclasses import asdict
from typing import Any, TextIO

from flows.run.run_request import RunRequest

POLL_SECONDS = 0.2


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr
    request = RunRequest.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_stop_with_stdin, daemon=True).start()
    run_and_tell(request, out)


def run_and_tell(request: RunRequest, out: TextIO) -> None:
    """Do what is asked for. Each line is {"event": ...}, as tasks.running.progress has them, or at
    last {"failed": node to error, "problem": why there was no run, or empty}."""
    from rich.console import Console

    from flows.run.execute import execute
    from flows.run.progress_display import ProgressDisplay
    from tasks import DarkroomError
    from tasks.running.progress import BUS, Event

    lock = threading.Lock()

    def tell(line: dict[str, Any]) -> None:
        with lock:
            out.write(f"{json.dumps(line)}\n")
            out.flush()

    def on_event(event: Event) -> None:
        tell({"event": asdict(event)})

    failed: dict[str, str] = {}
    problem = ""
    with BUS.subscribed(on_event):
        try:
            display = ProgressDisplay(Console(file=io.StringIO()))
            failed = execute(request, display, report_grows=False).failed
        except DarkroomError as error:
            problem = str(error)
        except Exception as error:
            problem = f"Unexpected {type(error).__name__}: {error}"
    tell({"failed": failed, "problem": problem})


def _stop_with_stdin() -> None:
    from tasks.running.progress import request_stop

    while sys.stdin.readline():
        pass
    while True:
        # Again and again: a run forgets as it begins what an earlier one was told.
        request_stop()
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
