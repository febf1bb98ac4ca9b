from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from flows.plan.show_plan import format_seconds, plan_to_json, print_plan, summary
from tests.flows.recorded_plan import plan_of, record, record_all


def printed(plan) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    print_plan(plan, console)
    return console.file.getvalue()


def test_every_selected_node_is_a_line_with_its_reason_and_time(file, store):
    record(store, plan_of(file, store, "first").by_name["train/denoiser"], seconds=100.0)
    plan = plan_of(file, store, "first", overrides=["models.denoiser.epochs=10"])
    (line,) = [line for line in printed(plan).splitlines() if line.startswith("train/denoiser")]
    assert "make" in line
    assert "epochs 5 -> 10" in line
    assert line.endswith("3 min 20 s")


def test_nodes_that_are_not_selected_are_left_out(file):
    text = printed(plan_of(file, None, "first", only=["data/*"]))
    assert "data/digits" in text
    assert "train/denoiser" not in text


def test_square_brackets_are_shown_as_they_are(file, store):
    record_all(store, plan_of(file, store, "first").nodes[:2])
    plan = plan_of(file, store, "first", overrides=["models.denoiser.checkpoints=[5]"])
    assert "checkpoints [1, 5] -> [5]" in printed(plan)


def test_summary_says_what_is_known(file, store):
    plan = plan_of(file, store, "first")
    assert (
        summary(plan) == "first (plain, cpu, float32): 0 cached, 9 to make; no time is known yet."
    )
    record(store, plan.by_name["data/digits"])
    record(store, plan.by_name["figure/noise/noising"], seconds=2.0)
    plan = plan_of(file, store, "first")
    assert summary(plan) == (
        "first (plain, cpu, float32): 2 cached, 7 to make, about 3.0 s, and 4 not timed before."
    )
    record_all(store, plan.misses)
    assert summary(plan_of(file, store, "first")) == (
        "first (plain, cpu, float32): all 9 nodes are cached; nothing to do."
    )


def test_json_holds_every_node_and_the_totals(file, store):
    record(store, plan_of(file, store, "first").by_name["data/digits"])
    shown = json.loads(json.dumps(plan_to_json(plan_of(file, store, "first"))))
    assert (shown["hits"], shown["misses"], shown["unknown_durations"]) == (1, 8, 8)
    assert shown["nodes"][0] | {"key": ""} == {
        "name": "data/digits",
        "kind": "data",
        "key": "",
        "status": "hit",
        "reason": "",
        "seconds": 0.0,
        "inputs": {},
        "selected": True,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert format_seconds(seconds) == text
