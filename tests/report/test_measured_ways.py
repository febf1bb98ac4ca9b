"""What stands beside pictures of several ways to sample."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

from tasks.report.metrics import all_metrics, measured_beside
from tasks.report.run_record import NodeRecord, Panel
from tasks.store.row import Row

METRICS = {"frechet_distance": 12.5, "frechet_floor": 0.5, "network_evaluations": 50.0}


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _table(inputs, metrics):
    """The table beside a panel with these inputs, role to node."""
    nodes = {
        name: NodeRecord(name, "variant", _key(name), "done", None, 1.0, {})
        for name in inputs.values()
    }
    figure = NodeRecord("figure/f/p", "figure", "figure", "done", None, 1.0, inputs)
    run = SimpleNamespace(nodes={**nodes, "figure/f/p": figure})
    rows = {
        _key(name): Row(
            key=_key(name), name=name, kind="variant", metrics=metrics.get(name, METRICS)
        )
        for name in nodes
    }
    return measured_beside(Panel("p", "ways", "", "", "figure/f/p", "figure"), run, rows)


def test_ways_are_named_and_measured_in_their_order():
    table = _table(
        {
            "way_0": "variant/m/epoch-010/ancestral-200",
            "way_1": "variant/m/epoch-010/ancestral-200-matched",
            "way_2": "variant/m/epoch-010/ddim-50",
        },
        {"variant/m/epoch-010/ancestral-200-matched": {**METRICS, "start_divergence": 12.0}},
    )
    assert [(row.label, *row.cells) for row in table.rows] == [
        ("ancestral 200", "12.5", "0.5", ""),
        ("ancestral 200 matched", "12.5", "0.5", "12"),
        ("ddim 50", "12.5", "0.5", ""),
    ]
    assert table.header[-1] == "start off N(0, I), nats"


def test_of_many_ways_only_the_distance_is_told():
    inputs = {f"way_{i}": f"variant/m/epoch-010/ddim-{i}" for i in range(4)}
    table = _table(inputs, {})
    assert list(table.header[1:]) == ["Fréchet distance"]
    assert [row.label for row in table.rows] == [f"ddim {i}" for i in range(4)]


def test_a_sweep_over_scales_has_no_table_beside_its_curves():
    inputs = {
        "by_classifier_0": "variant/g/unguided",
        "classifier_free_0": "variant/g/unguided",
        "by_classifier_1": "variant/g/classifier-2",
        "classifier_free_1": "variant/g/classifier-free-2",
    }
    assert _table(inputs, {}) is None


def test_terminal_ratios_are_told_by_schedule_and_number_of_timesteps():
    node = NodeRecord("schedule/f/p", "schedule", _key("s"), "done", None, 1.0, {})
    run = SimpleNamespace(nodes={node.name: node})
    metrics = {"terminal_snr_linear_200": -8.173, "terminal_snr_linear_300": -12.97}
    rows = {_key("s"): Row(key=_key("s"), name=node.name, kind="schedule", metrics=metrics)}
    (table,) = all_metrics(run, rows)
    assert table.title == "Signal-to-noise ratio of x_T in dB: linear schedule, by T"
    assert list(table.header[1:]) == ["200", "300"]
    assert list(table.rows[0].cells) == ["-8.173", "-12.97"]
