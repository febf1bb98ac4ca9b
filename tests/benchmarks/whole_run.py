"""The quick profile of the gallery as a user runs it: cold, unchanged, planned, report alone."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = {
    "`darkroom run`, unchanged": ("flows.cli", "run", "gallery"),
    "`darkroom plan`": ("flows.cli", "plan", "gallery"),
    "`regenerate-report`": ("flows.cli.regenerate_report",),
}


def run_command(store: str, module: str, *arguments: str) -> float:
    """Seconds that `python -m module arguments --store store` takes; RuntimeError if it fails."""
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--store", store],
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise RuntimeError(f"{module} {arguments}: {finished.stdout}{finished.stderr}")
    return time.perf_counter() - started


def section(repeats: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        cold = run_command(store, "flows.cli", "run", "gallery")
        # On Linux in KiB, of the largest child so far: the cold run.
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        rows = {
            name: statistics.median(run_command(store, *command) for _ in range(repeats))
            for name, command in COMMANDS.items()
        }
        nodes = len(json.loads(_plan_json(store))["nodes"])
    lines = "\n".join(f"| {name} | {seconds:.2f} |" for name, seconds in rows.items())
    return f"""## The whole gallery, quick profile, {nodes} nodes

The cold run once, peak memory {memory:.2f} GiB in its largest process; the others are medians of
{repeats}, each a fresh process.

| command | seconds |
|---|---:|
| `darkroom run`, cold | {cold:.0f} |
{lines}
"""


def _plan_json(store: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "plan", "gallery", "--json", "--store", store],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
