"""How soon a run of the gallery from an empty store has something to see, on the page that a reader
has open: seconds to the first figure, to half of them, to the end.

python -m tests.benchmarks.first_pictures [SECONDS] prints them; with SECONDS it stops the run then.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.report_page import WRITE_UPS

POLL_SECONDS = 0.1
_DRAWN = re.compile(r'<div class="frame ')
_PANEL = re.compile(r'<figure class="panel ')


def section(repeats: int) -> str:
    """For results.md. Once, as a run takes minutes."""
    return told(*watch(None))


def watch(seconds: float | None) -> tuple[dict[int, float], int, float]:
    """Number of figures on the page to the second when it was first so; how many there are to be;
    and when the run had ended, or was stopped."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "store" / "report"
        command = [sys.executable, "-m", "flows.cli", "run", "gallery", "--store"]
        began = time.monotonic()
        run = subprocess.Popen(
            [*command, str(report.parent)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A device of its own: runs of one host take turns on it.
            env={**os.environ, "TMPDIR": folder},
        )
        seen: dict[int, float] = {}
        panels = 0
        try:
            while run.poll() is None and (seconds is None or time.monotonic() - began < seconds):
                time.sleep(POLL_SECONDS)
                panels = _look(report, seen, began) or panels
            ended = time.monotonic() - began
            if seconds is None:
                _look(report, seen, began)
        finally:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
            run.wait()
        return seen, panels, ended


def _look(report: Path, seen: dict[int, float], began: float) -> int:
    """How many figures there are to be; 0 while a page is missing."""
    try:
        text = "".join((report / f"{name}.html").read_text() for name in WRITE_UPS)
    except FileNotFoundError:
        return 0
    seen.setdefault(len(_DRAWN.findall(text)), time.monotonic() - began)
    return len(_PANEL.findall(text))


def told(seen: Mapping[int, float], panels: int, ended: float) -> str:
    def when(count: float) -> str:
        return next((f"{seen[n]:.0f}" for n in sorted(seen) if n >= count), "not reached")

    load, _, _ = os.getloadavg()
    return f"""## First pictures of the gallery, quick profile, from an empty store

Seen on the pages of a run that goes on, once; load of the machine at the end {load:.1f}. The last
pages of the run had {max(seen, default=0)} of {panels} figures.

| on the page | seconds |
|---|---:|
| the pages, all figures still to come | {when(0)} |
| the first figure | {when(1)} |
| ten figures | {when(10)} |
| half of all figures | {when(panels / 2)} |
| the run's end, or where it was stopped | {ended:.0f} |
"""


if __name__ == "__main__":
    print(told(*watch(float(sys.argv[1]) if len(sys.argv) > 1 else None)))
