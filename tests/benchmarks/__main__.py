"""Run the measurements and write results.md: python -m tests.benchmarks [NAME ...].

NAME is a section: training, sampling, annotated, text_to_image, orchestration, scale, whole_run,
first_pictures, report_page; all by default. Sections that are not run keep what results.md says of
them. Fails where something is measured that is over its limit.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

from tests.benchmarks.measure import OVER

RESULTS = Path(__file__).with_name("results.md")
SECTIONS = (
    "training",
    "sampling",
    "annotated",
    "text_to_image",
    "orchestration",
    "scale",
    "whole_run",
    "first_pictures",
    "report_page",
)
REPEATS = 3


def main(names: list[str]) -> None:
    unknown = set(names) - set(SECTIONS)
    if unknown:
        sys.exit(f"no such measurement: {', '.join(sorted(unknown))}; there are {SECTIONS}")
    texts = _previous()
    for name in names or SECTIONS:
        print(f"measuring {name}", flush=True)
        module = importlib.import_module(f"tests.benchmarks.{name}")
        texts[name] = f"{module.section(REPEATS).strip()}\n\n{_measured_on()}"
        print(texts[name], flush=True)
        RESULTS.write_text(_page(texts))
    over = [name for name in names or SECTIONS if OVER in texts[name]]
    if over:
        sys.exit(f"{OVER}: {', '.join(over)}")


def _page(texts: dict[str, str]) -> str:
    sections = "\n\n".join(f"<!-- {name} -->\n{texts[name]}" for name in SECTIONS if name in texts)
    return (
        "# Measurements\n\nWritten by `make bench`. Variants of one table took turns; ratios are "
        f"against its first row.\n\n{sections}\n"
    )


def _previous() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    parts = re.split(r"<!-- (\w+) -->\n", RESULTS.read_text())
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _measured_on() -> str:
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {_processor()}; "
        f"Python {platform.python_version()}, torch {torch.__version__}."
    )


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    model = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    formats = " with avx512_bf16" if "avx512_bf16" in info else ""
    return f"{model.group(1) if model else platform.machine()}{formats}"


if __name__ == "__main__":
    main(sys.argv[1:])
