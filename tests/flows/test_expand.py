from __future__ import annotations

import pytest

from flows.declaration.read_declaration import read_declaration
from flows.plan.expand import expand, expand_pipeline
from flows.plan.graph import topological_order
from tasks import BadInput
from tasks.store.node import Node
from tests.flows.recorded_plan import plan_of
from tests.flows.small_declaration import real_file, small_file, spoiled, write


@pytest.fixture
def nodes(tmp_path) -> dict[str, Node]:
    return {node.name: node for node in expand(small_file(tmp_path).settle())}


def expanded(tmp_path, path, value) -> dict[str, Node]:
    file = read_declaration(write(tmp_path, spoiled(path, value)))
    return {node.name: node for node in expand(file.settle())}


def test_a_model_becomes_training_samples_and_measurements(nodes):
    assert [name for name in nodes if "/flow" in name and not name.startswith("figure")] == [
        "train/flow",
        "sample/flow/epoch-001",
        "sample/flow/epoch-010",
        "evaluate/flow/epoch-001",
        "evaluate/flow/epoch-010",
        "evaluate/flow/epoch-010/guidance-0",
        "evaluate/flow/epoch-010/guidance-2.5",
    ]


def test_training_holds_the_whole_recipe(nodes):
    assert nodes["train/flow"].params == {
        "network": {"hidden_width": 8, "time_conditioning": "multiply", "num_classes": 10},
        "objective": {"kind": "flow_matching", "p_uncond": 0.1},
        "batch_size": 64,
        "epochs": 10,
        "learning_rate": 0.01,
        "decay": "constant",
        "steps_per_epoch": None,
        "ema_decay": None,
        "max_shift": 0,
        "checkpoints": [1, 10],
    }


def test_a_plain_network_has_no_conditioning(nodes):
    assert nodes["train/denoiser"].params["network"] == {
        "hidden_width": 8,
        "time_conditioning": "none",
        "num_classes": 0,
    }


def test_requests_of_all_figures_meet_in_one_node_of_the_checkpoint(nodes):
    assert nodes["sample/flow/epoch-001"].params["requests"] == [
        {"seed": 3, "rows": 2, "columns": 10, "frames": 0}
    ]
    # Samples, animation and comparison want the same grid; only the animation wants its frames.
    assert nodes["sample/flow/epoch-010"].params["requests"] == [
        {"seed": 3, "rows": 2, "columns": 10, "frames": 5}
    ]


def test_digits_wanted_of_a_denoiser_are_the_most_that_any_panel_shows(nodes):
    assert nodes["denoise/denoiser/epoch-001"].params["requests"] == [{"seed": 2, "digits": 3}]
    assert nodes["denoise/denoiser/epoch-005"].params["requests"] == [{"seed": 2, "digits": 3}]


def test_noise_levels_that_only_a_panel_shows_are_measured_too(tmp_path):
    panel = {"plot": "denoised", "model": "denoiser", "sigma": 0.25}
    nodes = expanded(tmp_path, "figures/denoising/panels/1", panel)
    assert nodes["denoise/denoiser/epoch-005"].params["sigmas"] == [0.0, 0.25, 0.5, 1.0]
    assert nodes["figure/denoising/denoised"].params["sigma"] == 0.25


def test_a_sampler_without_guidance_draws_the_plain_conditional_prediction(tmp_path):
    nodes = expanded(tmp_path, "models/flow/sampler/guidance_scale", ...)
    assert nodes["sample/flow/epoch-010"].params["sampler"]["guidance_scale"] == 1.0
    assert nodes["evaluate/ddpm/epoch-004"].params["sampler"] == {
        "method": "ddpm",
        "steps": None,
        "guidance_scale": None,
    }


def test_a_model_without_classifier_is_not_measured(tmp_path):
    data = spoiled("models/ddpm/classifier", ...)
    del data["models"]["ddpm"]["measure"]
    del data["figures"]["diffusing"]["panels"][0]
    nodes = expand(read_declaration(write(tmp_path, data)).settle())
    assert not any(node.name.startswith("evaluate/ddpm") for node in nodes)


def test_panel_may_choose_among_the_checkpoints(tmp_path):
    nodes = expanded(tmp_path, "figures/flowing/panels/1/epochs", ["last"])
    assert nodes["figure/flowing/samples"].inputs == {"epoch_010": "sample/flow/epoch-010"}
    assert "sample/flow/epoch-001" not in nodes


def test_comparison_takes_the_last_checkpoints_from_the_same_noise(nodes):
    comparison = nodes["figure/diffusing/comparison"]
    assert comparison.inputs == {
        "model_0": "sample/ddpm/epoch-004",
        "model_1": "sample/flow/epoch-010",
    }
    grid = {"seed": 3, "rows": 2, "columns": 10}
    for name in comparison.inputs.values():
        assert any(grid.items() <= request.items() for request in nodes[name].params["requests"])


def test_every_kind_of_panel_names_its_inputs_by_role(nodes):
    roles = {name: list(node.inputs) for name, node in nodes.items() if node.kind == "figure"}
    assert roles == {
        "figure/noise/noising": ["data"],
        "figure/denoising/loss_curve": ["model_0"],
        "figure/denoising/denoised": ["epoch_001", "epoch_005"],
        "figure/denoising/sigma_row": ["epoch_005"],
        "figure/flowing/loss_curve": ["model_0"],
        "figure/flowing/samples": ["epoch_001", "epoch_010"],
        "figure/flowing/animation": ["sample"],
        "figure/flowing/guidance_sweep": ["guidance_0", "guidance_1"],
        "figure/diffusing/class_histogram": ["epoch_004"],
        "figure/diffusing/comparison": ["model_0", "model_1"],
    }


def test_panels_of_one_plot_are_told_apart_by_id(tmp_path):
    panel = {"plot": "samples", "id": "last-only", "model": "flow", "epochs": ["last"]}
    nodes = expanded(tmp_path, "figures/flowing/panels/2", panel)
    assert "figure/flowing/last-only" in nodes


def test_a_pipeline_holds_what_its_figures_need_and_a_table(tmp_path):
    plan = plan_of(small_file(tmp_path), None, "first")
    assert [planned.name for planned in plan.nodes] == [
        "data/digits",
        "train/denoiser",
        "denoise/denoiser/epoch-001",
        "denoise/denoiser/epoch-005",
        "figure/noise/noising",
        "figure/denoising/loss_curve",
        "figure/denoising/denoised",
        "figure/denoising/sigma_row",
        "table/metrics",
    ]


def test_figures_come_in_the_reading_order_of_the_pipeline(tmp_path):
    file = read_declaration(
        write(tmp_path, spoiled("pipelines/first/figures", ["flow*", "*ing", "noise"]))
    )
    figures = [figure["id"] for figure in plan_of(file, None, "first").layout["figures"]]
    assert figures == ["flowing", "denoising", "diffusing", "noise"]


def test_the_table_describes_every_measured_node(tmp_path):
    settled = small_file(tmp_path).settle()
    table = expand_pipeline(settled, expand(settled), "all")[-1]
    assert table.name == "table/metrics"
    assert table.inputs == {row["node"]: row["node"] for row in table.params["rows"]}
    rows = {row["node"]: row for row in table.params["rows"]}
    assert rows["evaluate/flow/epoch-010/guidance-2.5"] == {
        "node": "evaluate/flow/epoch-010/guidance-2.5",
        "model": "flow",
        "epoch": 10,
        "guidance_scale": 2.5,
    }
    assert rows["evaluate/flow/epoch-001"]["guidance_scale"] == 3.0
    assert rows["train/ddpm"]["epoch"] == 4
    assert rows["classifier/reader"]["model"] == "reader"


def test_inputs_come_before_what_they_feed():
    seen: set[str] = set()
    for planned in plan_of(real_file(), None, "gallery").nodes:
        assert seen.issuperset(planned.node.inputs.values())
        seen.add(planned.name)


def test_work_grows_with_what_there_is_to_do(tmp_path):
    def work(name: str, *overrides: str) -> float:
        nodes = expand(small_file(tmp_path).settle(None, overrides))
        return next(node.work for node in nodes if node.name == name)

    assert work("train/flow", "models.flow.epochs=20") == 2 * work("train/flow")
    steps = "models.flow.sampler.steps=40"
    assert work("sample/flow/epoch-010", steps) == 2 * work("sample/flow/epoch-010")
    heun = "models.flow.sampler.method=heun"
    assert work("evaluate/flow/epoch-010", heun) == 2 * work("evaluate/flow/epoch-010")


def graph(**inputs: str) -> list[Node]:
    """One node a name; the text names its inputs, a letter each."""
    return [
        Node(name, "data", {}, {f"role_{source}": source for source in sources})
        for name, sources in inputs.items()
    ]


def test_order_follows_the_inputs_and_otherwise_the_declaration():
    ordered = topological_order(graph(d="bc", c="a", b="a", a="", e=""))
    assert [node.name for node in ordered] == ["a", "c", "b", "d", "e"]


@pytest.mark.parametrize(
    ("inputs", "circle"),
    [
        ({"a": "a"}, "a -> a"),
        ({"a": "b", "b": "a", "c": "a"}, "a -> b -> a"),
        ({"x": "", "a": "xc", "b": "a", "c": "b", "d": "c"}, "a -> b -> c -> a"),
    ],
)
def test_circle_is_refused_and_shown(inputs, circle):
    with pytest.raises(BadInput, match=f"in a circle: .*({circle})"):
        topological_order(graph(**inputs))


def test_unknown_input_and_two_nodes_of_one_name_are_refused():
    with pytest.raises(BadInput, match="a takes b, which is not a node"):
        topological_order(graph(a="b"))
    with pytest.raises(BadInput, match="two nodes are called a"):
        topological_order([*graph(a=""), *graph(a="")])


def test_long_chains_are_ordered_without_recursion():
    nodes = [Node("0", "data", {})]
    nodes += [Node(str(i), "data", {}, {"before": str(i - 1)}) for i in range(1, 5000)]
    assert [node.name for node in topological_order(reversed(nodes))] == [n.name for n in nodes]
