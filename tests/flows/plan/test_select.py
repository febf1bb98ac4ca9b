from __future__ import annotations

import pytest

from flows.plan.graph import select_nodes
from tasks import BadInput
from tests.flows.recorded_plan import plan_of, record, record_all

# a feeds b and c, which feed d; e stands alone.
DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": []}


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        ({}, "abcde"),
        ({"only": ["b"]}, "b"),
        ({"only": ["b", "e"]}, "be"),
        ({"only": ["[bc]"]}, "bc"),
        ({"from_": ["b"]}, "bd"),
        ({"until": ["b"]}, "ab"),
        ({"from_": ["a"], "until": ["c"]}, "ac"),
        ({"only": ["d"], "from_": ["b"]}, "d"),
    ],
)
def test_options_select(options, selected):
    assert select_nodes(DIAMOND, **options) == set(selected)


def test_options_that_exclude_each_other_are_refused():
    with pytest.raises(BadInput, match="no node satisfies"):
        select_nodes(DIAMOND, only=["e"], until=["d"])


@pytest.mark.parametrize("option", ["only", "from_", "until"])
def test_glob_that_matches_nothing_names_the_nearest(option):
    inputs = {"train/flow": [], "train/ddpm": []}
    with pytest.raises(BadInput, match=r"train/flwo\*: matches no node; nearest: train/flow"):
        select_nodes(inputs, **{option: ["train/flwo*"]})


def test_only_brings_the_missing_inputs_of_what_it_names(file, store):
    plan = plan_of(file, store, only=["figure/flowing/samples"])
    assert [planned.name for planned in plan.misses] == [
        "data/digits",
        "train/flow",
        "sample/flow/epoch-001",
        "sample/flow/epoch-010",
        "figure/flowing/samples",
    ]


def test_only_leaves_out_inputs_that_the_store_holds(file, store):
    plan = plan_of(file, store)
    record(store, plan.by_name["data/digits"])
    record(store, plan.by_name["train/flow"])
    plan = plan_of(file, store, only=["sample/flow/epoch-001"])
    assert plan.selected == {"sample/flow/epoch-001"}


def test_damaged_input_of_a_cached_node_is_not_made_for_its_sake(file, store):
    plan = plan_of(file, store)
    record_all(store, [p for p in plan.nodes if p.name != "train/flow"])
    plan = plan_of(file, store, only=["figure/flowing/*"])
    assert plan.misses == []


def test_from_takes_what_is_below(file, store):
    record_all(store, plan_of(file, store).nodes)
    plan = plan_of(file, store, from_=["train/denoiser"])
    assert plan.selected == {
        "train/denoiser",
        "denoise/denoiser/epoch-001",
        "denoise/denoiser/epoch-005",
        "figure/denoising/loss_curve",
        "figure/denoising/denoised",
        "figure/denoising/sigma_row",
        "table/metrics",
    }


def test_until_takes_what_is_above(file, store):
    plan = plan_of(file, store, until=["train/flow", "classifier/*"])
    assert plan.selected == {"data/digits", "train/flow", "classifier/reader"}
