from __future__ import annotations

from flows.upkeep.diff_runs import diff_runs
from tasks.store.store import Store
from tests.flows.recorded_plan import plan_of
from tests.flows.upkeep.recorded_run import record_made, record_run


def test_changed_parameter_is_shown_once_where_it_was_changed(changed, store):
    diff = diff_runs(store, "run-1", "run-2")
    settings = {(s.node, s.name): (s.a, s.b) for s in diff.settings}
    assert settings["train/denoiser", "epochs"] == (5, 7)
    assert settings["", "overrides"] == ([], ["models.denoiser.epochs=7"])
    assert not [name for _, name in settings if name.startswith("input")]
    assert "data/digits" not in {node for node, _ in settings}


def test_metrics_stand_side_by_side_with_their_difference(changed, store):
    metrics = {(m.node, m.name): m for m in diff_runs(store, "run-1", "run-2").metrics}
    loss = metrics["train/denoiser", "final_loss"]
    assert (loss.a, loss.b, loss.difference) == (0.5, 0.25, -0.25)
    assert ("train/denoiser", "parameters") not in metrics


def test_equal_metrics_are_listed_on_demand(changed, store):
    diff = diff_runs(store, "run-1", "run-2", with_equal_metrics=True)
    assert ("train/denoiser", "parameters") in {(m.node, m.name) for m in diff.metrics}


def test_images_that_differ_are_named_by_the_addresses_of_both(changed, store):
    pairs = {(p.figure, p.panel): p for p in diff_runs(store, "run-1", "run-2").images}
    pair = pairs["denoising", "loss_curve"]
    assert pair.a is not None and pair.b is not None
    assert store.read_object(pair.a) != store.read_object(pair.b)
    assert ("noise", "noising") not in pairs


def test_latest_against_previous_is_what_nothing_else_names(changed, store):
    diff = diff_runs(store, "previous", "latest")
    assert (diff.a.run_id, diff.b.run_id) == ("run-1", "run-2")


def test_run_does_not_differ_from_itself(changed, store):
    diff = diff_runs(store, "run-1", "run-1")
    assert not (diff.settings or diff.metrics or diff.images or diff.only_a or diff.only_b)


def test_nodes_of_one_run_alone_are_named(changed, file, store):
    everything = plan_of(file, store, "all")
    record_made(store, everything)
    record_run(store, everything, "run-all", age=1)
    diff = diff_runs(store, "run-2", "run-all")
    assert "train/flow" in diff.only_b
    assert diff.only_a == ["denoise/denoiser/epoch-007"]
    assert ("", "pipeline") in {(s.node, s.name) for s in diff.settings}


def test_nodes_that_the_store_no_longer_holds_are_named(changed, file, store):
    first = plan_of(file, store, "first").by_name["train/denoiser"]
    store.remove(first.key)
    diff = diff_runs(Store.open(store.address, create=False), "run-1", "run-2")
    assert diff.not_held == ["train/denoiser"]
    assert "train/denoiser" not in {s.node for s in diff.settings}
