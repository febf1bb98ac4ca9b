"""How time and memory grow with nodes and rows; tests/benchmarks measures the large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.scale import measured

pytestmark = pytest.mark.slow

REPEATS = 3
"""The least of so many tells what the work takes; the rest tells what else the machine did."""


def least(nodes: int, folder: Path) -> dict[str, float]:
    runs = [measured("plan_cold", nodes, folder) for _ in range(REPEATS)]
    return {what: min(run[what] for run in runs) for what in ("cpu", "peak")}


@pytest.mark.timed
def test_plan_takes_time_and_memory_in_proportion_to_its_nodes(tmp_path: Path) -> None:
    none, few, many = (least(nodes, tmp_path) for nodes in (1_000, 4_000, 16_000))
    # Five times as many beyond the first thousand, which carry what starting takes.
    assert many["cpu"] - none["cpu"] < 1.5 * 5 * (few["cpu"] - none["cpu"])
    assert many["peak"] - none["peak"] < 1.5 * 5 * (few["peak"] - none["peak"])


def test_reading_every_row_of_a_manifest_keeps_none_in_memory(tmp_path: Path) -> None:
    few, many = 10_000, 40_000
    for rows in (few, many):
        measured("fill", rows, tmp_path)
    peaks = {rows: measured("decode_manifest", rows, tmp_path)["peak"] for rows in (few, many)}
    # Decoded, a row takes some five kilobytes.
    assert peaks[many] - peaks[few] < (many - few) * 1_000 / 2**20
