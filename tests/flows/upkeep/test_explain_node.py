from __future__ import annotations

import dataclasses

import pytest

from flows.plan import keys
from flows.upkeep.explain_node import Explanation, explain_node
from tasks import BadInput
from tasks.running.kinds import KINDS
from tests.flows.recorded_plan import plan_of, record


def explain(file, store, name: str, **options) -> Explanation:
    plan = plan_of(file, store, "first", **options)
    return explain_node(plan, name, store.rows().values())


def changes(explanation: Explanation) -> dict[tuple[str, str], tuple[object, object]]:
    return {
        (item.what, item.name): (item.before, item.value)
        for item in explanation.ingredients
        if item.is_changed
    }


def test_changed_parameter_is_the_ingredient_that_differs(changed, file, store):
    explanation = explain(
        file, store, "train/denoiser", overrides=["models.denoiser.batch_size=128"]
    )
    assert explanation.planned.reason == "batch_size 64 -> 128"
    assert changes(explanation) == {("parameter", "batch_size"): (64, 128)}


def test_nearest_row_is_the_one_that_differs_least(changed, file, store):
    explanation = explain(
        file,
        store,
        "train/denoiser",
        overrides=["models.denoiser.epochs=7", "models.denoiser.batch_size=128"],
    )
    assert explanation.nearest is not None
    assert explanation.nearest.key == changed.by_name["train/denoiser"].key


def test_changed_input_is_named_with_the_node_that_fills_it_and_why(changed, file, store):
    explanation = explain(
        file,
        store,
        "figure/denoising/sigma_row",
        overrides=["models.denoiser.batch_size=128"],
    )
    (changed_input,) = [item for item in explanation.ingredients if item.is_changed]
    assert changed_input.what == "input"
    assert changed_input.node == "denoise/denoiser/epoch-005"
    assert changed_input.reason == "input model changed"
    assert explanation.causes == {"train/denoiser": "batch_size 64 -> 128"}


def test_cached_node_is_explained_by_its_own_row(changed, file, store):
    explanation = explain(file, store, "train/denoiser")
    assert explanation.planned.is_hit
    assert explanation.nearest is not None
    assert explanation.nearest.key == explanation.planned.key
    assert not changes(explanation)
    assert {"parameter", "input", "code", "library", "seed"} <= {
        item.what for item in explanation.ingredients
    }


def test_changed_code_and_library_are_ingredients(changed, file, store, monkeypatch):
    version = KINDS["train"].code_version
    newer = dataclasses.replace(KINDS["train"], code_version=version + 1)
    monkeypatch.setitem(KINDS, "train", newer)
    monkeypatch.setattr(keys, "library_version", lambda name: "99.0")
    found = changes(explain(file, store, "train/denoiser"))
    assert found["code", "train"] == (version, version + 1)
    assert found["library", "torch"][1] == "99.0"


def test_node_never_made_is_compared_with_its_kind_and_says_so(file, store):
    plan = plan_of(file, store, "all")
    record(store, plan.by_name["train/flow"])
    explanation = explain(file, store, "train/denoiser")
    assert explanation.planned.reason == "never made"
    assert explanation.nearest_has_other_name
    assert changes(explanation)


def test_nothing_to_compare_with_is_no_change(file, store):
    explanation = explain(file, store, "train/denoiser")
    assert explanation.nearest is None
    assert not changes(explanation)


def test_unknown_node_is_refused_with_the_nearest_name(file, store):
    with pytest.raises(BadInput, match="nearest: train/denoiser"):
        explain(file, store, "train/denoisr")
