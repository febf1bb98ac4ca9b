"""Schedules and networks as tables."""

from __future__ import annotations

import io
import math

import pyarrow.parquet as pq
import pytest

from tasks.claims.annotated import terminal_ratio
from tasks.diffusion.process.noise_schedules import noise_schedule


def test_schedule_table_holds_the_formulas(workshop):
    described = {"schedule": "linear", "num_timesteps": 200, "beta_start": 1e-4, "beta_end": 0.02}
    row = workshop.run("schedule", {"schedules": [described, {**described, "schedule": "cosine"}]})
    table = pq.read_table(
        io.BytesIO(workshop.store.read_object(row.objects["schedules.parquet"]))
    ).to_pydict()
    assert table["name"] == ["linear"] * 200 + ["cosine"] * 200
    assert table["t"][:200] == list(range(1, 201))
    # Indices 1, 50, 150 and 199 of the write-up, which counts from 0.
    known = [table["alpha_bar"][index] for index in (1, 50, 150, 199)]
    assert known == pytest.approx([0.9997, 0.8756, 0.3155, 0.1322], abs=5e-5)
    abar = float(noise_schedule("linear", 200).alpha_bar[-1])
    assert row.metrics["terminal_snr_linear_200"] == pytest.approx(
        10 * math.log10(abar / (1 - abar))
    )


def test_terminal_ratios_of_schedules_that_share_name_and_timesteps_are_told_apart(workshop):
    described = {"schedule": "linear", "num_timesteps": 200, "beta_start": 1e-4, "beta_end": 0.02}
    schedules = [described, {**described, "beta_end": 0.05}, {**described, "num_timesteps": 300}]
    row = workshop.run("schedule", {"schedules": schedules})
    ratios = [10 * math.log10(terminal_ratio(schedule)) for schedule in schedules]
    names = ["linear_200_0.0001_0.02", "linear_200_0.0001_0.05", "linear_300"]
    assert row.metrics == pytest.approx(
        {f"terminal_snr_{name}": ratio for name, ratio in zip(names, ratios, strict=True)}
    )


def test_network_is_described_by_running_it(workshop):
    described = {"hidden_width": 8, "multipliers": [1, 2], "heads": 1}
    row = workshop.run(
        "network",
        {
            "networks": [
                {**described, "channels": 1, "size": 28},
                {**described, "channels": 3, "size": 32},
            ]
        },
    )
    parts = pq.read_table(
        io.BytesIO(workshop.store.read_object(row.objects["parts.parquet"]))
    ).to_pylist()
    whole = [part for part in parts if part["part"] == "whole network"]
    assert [part["shape"] for part in whole] == ["1 x 1 x 28 x 28", "1 x 3 x 32 x 32"]
    first = [part for part in parts if part["network"] == 0]
    assert sum(part["parameters"] for part in first[:-1]) == first[-1]["parameters"]
    assert next(p["shape"] for p in first if p["part"] == "halve 1") == "1 x 8 x 14 x 14"
