"""What text-to-image panels expand to: prompts, trajectories each once, and what is drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows.plan.plan import Plan, make_plan
from tasks.store.node import Node
from tasks.store.store import Store
from tests.flows.figures.sampled import BOX, SAMPLED, changed, figure, nodes_of, read
from tests.flows.recorded_plan import misses, record, record_all


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Node]:
    return nodes_of(tmp_path)


def names(nodes: dict[str, Node], kind: str) -> list[str]:
    return [name for name, node in nodes.items() if node.kind == kind]


def prompts_of(nodes: dict[str, Node], node: Node) -> list[str]:
    roles = sorted(role for role in node.inputs if role.startswith("prompt_"))
    return [nodes[node.inputs[role]].params["prompt"] for role in roles]


def test_names_say_figure_panel_and_what_is_sampled(nodes: dict[str, Node]) -> None:
    assert names(nodes, "trajectory") == [
        "trajectory/steps/step_counts/a-rocket-ship-010-steps",
        "trajectory/steps/step_counts/a-rocket-ship-020-steps",
        "trajectory/steps/step_counts/a-man-wearing-a-hat-010-steps",
        "trajectory/steps/step_counts/a-man-wearing-a-hat-020-steps",
        "trajectory/prompts/prompts/a-panda-030-steps",
        "trajectory/prompts/prompts/a-panda-in-a-forest-030-steps",
        "trajectory/denoising/iterative/tower-i10",
        "trajectory/samples/prompt_samples/seed-3",
        "trajectory/samples/prompt_samples/seed-4",
        "trajectory/guided/prompt_samples/seed-3",
        "trajectory/guided/prompt_samples/seed-7",
        "trajectory/edits/sdedit/tower-i00",
        "trajectory/edits/sdedit/tower-i20",
        "trajectory/edits/sdedit/gate-i00",
        "trajectory/edits/sdedit/gate-i20",
        "trajectory/towards/text_edit/tower-a-rocket-ship-i05",
        "trajectory/towards/text_edit/tower-a-rocket-ship-i10",
        "trajectory/towards/text_edit/gate-a-pencil-i05",
        "trajectory/towards/text_edit/gate-a-pencil-i10",
        "trajectory/holes/inpainting/tower-seed-5",
        "trajectory/holes/inpainting/tower-seed-6",
        "trajectory/turns/anagram/1-seed-6",
        "trajectory/turns/anagram/2-seed-7",
        "trajectory/distances/hybrid/1-seed-8",
        "trajectory/distances/hybrid/1-seed-9",
        "trajectory/components/factorized/picture-1",
    ]


def test_every_panel_is_drawn_with_its_animations_and_tries(nodes: dict[str, Node]) -> None:
    assert {name: nodes[name].params["plot"] for name in names(nodes, "figure")} == {
        "figure/steps/step_counts": "pictures",
        "figure/prompts/prompts": "pictures",
        "figure/noise/forward": "noised_row",
        "figure/noise/blur": "blur_rows",
        "figure/noise/one_step": "one_step_rows",
        "figure/denoising/iterative": "snapshots",
        "figure/denoising/methods": "methods",
        "figure/samples/prompt_samples": "pictures",
        "figure/guided/prompt_samples": "pictures",
        "figure/edits/sdedit": "pictures",
        "figure/towards/text_edit": "pictures",
        "figure/holes/inpainting": "pictures",
        "figure/holes/inpainting-tries": "pictures",
        "figure/turns/anagram": "pictures",
        "figure/turns/anagram-1": "turn",
        "figure/turns/anagram-2": "turn",
        "figure/distances/hybrid": "pictures",
        "figure/distances/hybrid-1": "distance",
        "figure/distances/hybrid-tries": "pictures",
        "figure/components/factorized": "pictures",
    }


def test_trajectory_holds_all_that_decides_it(nodes: dict[str, Node]) -> None:
    edit = nodes["trajectory/towards/text_edit/gate-a-pencil-i10"]
    assert edit.params == {
        "start": {"kind": "image", "i_start": 10},
        "timesteps": {"kind": "strided", "first": 990, "stride": 30},
        "guidance_scale": 7.0,
        "combination": {"kind": "single"},
        "mask": BOX,
        "snapshots": [],
        "model": {"address": "models/stage_one"},
    }
    assert edit.seed == 9
    assert list(edit.inputs) == ["prompt_0", "unconditional", "image"]
    assert edit.inputs["image"] == "image/gate"
    assert prompts_of(nodes, edit) == ["a pencil"]
    steps = nodes["trajectory/steps/step_counts/a-rocket-ship-010-steps"]
    assert steps.params["start"] == {"kind": "noise"}
    assert steps.params["timesteps"] == {"kind": "steps", "num_inference_steps": 10}


def test_unguided_trajectory_needs_no_empty_prompt(nodes: dict[str, Node]) -> None:
    assert list(nodes["trajectory/samples/prompt_samples/seed-3"].inputs) == ["prompt_0"]
    assert "unconditional" in nodes["trajectory/guided/prompt_samples/seed-3"].inputs


def test_inpainting_starts_from_noise_and_keeps_the_image(nodes: dict[str, Node]) -> None:
    node = nodes["trajectory/holes/inpainting/tower-seed-5"]
    assert node.params["start"] == {"kind": "noise"}
    assert node.params["mask"] == BOX
    assert node.inputs["image"] == "image/tower"


def test_anagram_takes_the_mean_of_two_views(nodes: dict[str, Node]) -> None:
    node = nodes["trajectory/turns/anagram/1-seed-6"]
    assert node.params["combination"] == {
        "kind": "views",
        "views": [{"name": "identity"}, {"name": "flip"}],
    }
    assert prompts_of(nodes, node) == ["a dog", "waterfalls"]


def test_hybrid_gives_the_low_pass_to_the_far_prompt(nodes: dict[str, Node]) -> None:
    node = nodes["trajectory/distances/hybrid/1-seed-8"]
    assert node.params["combination"] == {
        "kind": "components",
        "name": "low_high",
        "kernel_size": 33,
        "sigma": 2.0,
        "fixed": None,
    }
    assert prompts_of(nodes, node) == ["a skull", "flowers"]
    moving = nodes["figure/distances/hybrid-1"].params
    assert moving["prompts"] == ["flowers", "a skull"]
    assert (moving["near_pixels"], moving["far_pixels"]) == (180, 60)


def test_fixed_component_is_read_from_its_reference(nodes: dict[str, Node]) -> None:
    node = nodes["trajectory/components/factorized/picture-1"]
    assert node.inputs["reference"] == "image/gate"
    assert node.params["combination"]["fixed"] == "grey"


def test_second_stage_enlarges_what_the_first_made(nodes: dict[str, Node]) -> None:
    made = nodes["upscale/steps/step_counts/a-rocket-ship-020-steps"]
    assert made.inputs["image"] == "trajectory/steps/step_counts/a-rocket-ship-020-steps"
    assert made.params == {
        "noise_level": 250,
        "num_inference_steps": 8,
        "guidance_scale": 4.0,
        "combination": {"kind": "single"},
        "model": {"address": "models/stage_two"},
    }
    cells = nodes["figure/steps/step_counts"]
    assert Counter(nodes[name].kind for name in cells.inputs.values()) == {
        "trajectory": 4,
        "upscale": 4,
    }


@pytest.mark.parametrize(
    ("figure", "upscaled"),
    [
        ("turns", "turns/anagram/1"),
        ("distances", "distances/hybrid/1"),
        ("components", "components/factorized/picture-1"),
    ],
)
def test_illusions_are_enlarged_from_a_noise_level_of_their_own(
    tmp_path: Path, figure: str, upscaled: str
) -> None:
    data = changed(f"figures/{figure}/panels/0/stage_two", True)
    data["text_to_image"]["stage_two"] |= {"noise_level": 300, "illusion_noise_level": 70}
    nodes = nodes_of(tmp_path, data)
    assert nodes[f"upscale/{upscaled}"].params["noise_level"] == 70
    assert nodes["upscale/steps/step_counts/a-rocket-ship-020-steps"].params["noise_level"] == 300


def test_illusions_are_enlarged_from_noise_level_50_by_default(tmp_path: Path) -> None:
    nodes = nodes_of(tmp_path, changed("figures/turns/panels/0/stage_two", True))
    assert nodes["upscale/turns/anagram/1"].params["noise_level"] == 50


def test_second_stage_may_take_as_many_steps_as_the_first(tmp_path: Path) -> None:
    nodes = nodes_of(tmp_path, changed("text_to_image/stage_two/num_inference_steps", None))
    made = nodes["upscale/steps/step_counts/a-rocket-ship-020-steps"]
    assert made.params["num_inference_steps"] == 20


def test_best_of_several_tries_is_chosen_and_all_are_shown(nodes: dict[str, Node]) -> None:
    by_seam = nodes["choice/holes/inpainting/tower"]
    assert by_seam.params == {"score": "seam", "mask": BOX}
    assert list(by_seam.inputs) == ["try_0", "try_1"]
    by_alignment = nodes["choice/distances/hybrid/1"]
    assert by_alignment.params["score"] == "alignment"
    assert {"try_0", "try_1", "prompt_0", "prompt_1", "unconditional"} == set(by_alignment.inputs)
    assert "choice/holes/inpainting/tower" in nodes["figure/holes/inpainting"].inputs.values()
    tries = nodes["figure/holes/inpainting-tries"]
    assert [cell["label"] for cell in tries.params["cells"]] == ["seed 5", "seed 6"]
    assert tries.inputs["choice_0"] == "choice/holes/inpainting/tower"
    assert nodes["figure/distances/hybrid-1"].inputs == {"picture": "choice/distances/hybrid/1"}


def test_pictures_name_each_input_once(nodes: dict[str, Node]) -> None:
    holes = nodes["figure/holes/inpainting"]
    shown = [(cell["role"], cell["show"]) for cell in holes.params["cells"]]
    assert shown == [
        ("cell_0", "image"),
        (None, "mask"),
        ("cell_0", "hole"),
        ("cell_1", "image"),
    ]
    turns = nodes["figure/turns/anagram"]
    assert [cell["show"] for cell in turns.params["cells"]] == ["image", "turned"] * 2
    assert turns.params["cells"][1]["view"] == {"name": "flip"}
    assert turns.params["column_labels"] == ["upright", "upside down"]


def test_masked_edits_have_a_row_of_what_is_given_and_a_row_of_results(
    nodes: dict[str, Node],
) -> None:
    params = nodes["figure/towards/text_edit"].params
    assert (params["rows"], params["columns"]) == (4, 3)
    labels = [cell["label"] for cell in params["cells"]]
    assert labels[6:9] == ["original", "mask", "hole"]
    assert labels[9:11] == ["i_start 5, t = 840", "i_start 10, t = 690"]


def test_noised_image_is_shared_by_the_panels_that_show_it(nodes: dict[str, Node]) -> None:
    assert names(nodes, "noised") == ["noised/noise/forward", "noised/denoising/methods"]
    assert nodes["noised/denoising/methods"].params["timesteps"] == [690]
    assert nodes["blurred/noise/blur"].params == {"kernel": 7, "sigma": 1.4}
    assert nodes["blurred/denoising/methods"].params == {"kernel": 13, "sigma": 2.0}
    for panel in ("forward", "blur", "one_step"):
        assert nodes[f"figure/noise/{panel}"].inputs["noisy"] == "noised/noise/forward"


def test_snapshots_and_result_of_one_trajectory_are_one_node(nodes: dict[str, Node]) -> None:
    made = nodes["figure/denoising/iterative"].inputs["trajectory"]
    assert made == nodes["figure/denoising/methods"].inputs["trajectory"]
    assert nodes[made].params["snapshots"] == [690, 90]


def test_snapshots_may_be_wanted_after_the_result(tmp_path: Path) -> None:
    panels = SAMPLED["figures"]["denoising"]["panels"]
    nodes = nodes_of(tmp_path, changed("figures/denoising/panels", panels[::-1]))
    assert nodes["trajectory/denoising/methods/tower-i10"].params["snapshots"] == [690, 90]
    assert len(names(nodes, "trajectory")) == 26


def test_other_snapshots_of_one_trajectory_are_another_node(tmp_path: Path) -> None:
    panels = SAMPLED["figures"]["denoising"]["panels"]
    more = {**panels[0], "id": "more", "snapshots": [390]}
    nodes = nodes_of(tmp_path, changed("figures/denoising/panels", [*panels, more]))
    assert nodes["trajectory/denoising/more/tower-i10"].params["snapshots"] == [390]


def test_identical_trajectories_of_two_figures_are_one_node(tmp_path: Path) -> None:
    again = figure(3, {"plot": "prompt_samples", "count": 3, "guidance_scale": 1})
    nodes = nodes_of(tmp_path, changed("figures/again", again))
    assert [name for name in nodes if name.startswith("trajectory/again")] == [
        "trajectory/again/prompt_samples/seed-5"
    ]
    inputs = list(nodes["figure/again/prompt_samples"].inputs.values())
    assert inputs[:2] == list(nodes["figure/samples/prompt_samples"].inputs.values())


def test_prompts_of_one_spelling_in_names_are_told_apart(tmp_path: Path) -> None:
    prompts = ["a rocket-ship", "a rocket ship!"]
    nodes = nodes_of(tmp_path, changed("figures/steps/panels/0/prompts", prompts))
    made = [n for n in names(nodes, "trajectory") if n.startswith("trajectory/steps")]
    assert made == [
        "trajectory/steps/step_counts/a-rocket-ship-010-steps",
        "trajectory/steps/step_counts/a-rocket-ship-020-steps",
        "trajectory/steps/step_counts/a-rocket-ship-010-steps-2",
        "trajectory/steps/step_counts/a-rocket-ship-020-steps-2",
    ]
    assert [prompts_of(nodes, nodes[name])[0] for name in made[::2]] == prompts


def test_work_is_the_rows_that_the_network_computes(nodes: dict[str, Node]) -> None:
    work = {name.split("/", 1)[1]: node.work for name, node in nodes.items()}
    assert work["steps/step_counts/a-rocket-ship-010-steps"] == 8 * 2  # of the upscaling
    assert nodes["trajectory/steps/step_counts/a-rocket-ship-010-steps"].work == 10 * 2
    assert work["samples/prompt_samples/seed-3"] == 34
    assert work["guided/prompt_samples/seed-3"] == 34 * 2
    assert work["edits/sdedit/tower-i20"] == 14 * 2
    assert work["turns/anagram/1-seed-6"] == 34 * 4
    # The components of a hybrid see one picture, so they share the unconditional row.
    assert work["distances/hybrid/1-seed-8"] == 34 * 3


# One changed prompt.


def planned(tmp_path: Path, data: dict[str, Any], store: Store | None) -> Plan:
    file = read(tmp_path, data)
    return make_plan(file, "all", None, store, device="cpu")


def test_one_changed_prompt_makes_one_trajectory_anew(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    record_all(store, planned(tmp_path, SAMPLED, None).nodes)
    assert misses(planned(tmp_path, SAMPLED, store)) == set()
    data = changed("figures/steps/panels/0/prompts/1", "a man wearing a crown")
    new = "a-man-wearing-a-crown"
    prompt = next(n for n in misses(planned(tmp_path, data, store)) if n.startswith("prompt/"))
    assert prompt.startswith(f"prompt/{new}-")
    assert misses(planned(tmp_path, data, store)) == {
        prompt,
        f"trajectory/steps/step_counts/{new}-010-steps",
        f"trajectory/steps/step_counts/{new}-020-steps",
        f"upscale/steps/step_counts/{new}-010-steps",
        f"upscale/steps/step_counts/{new}-020-steps",
        "figure/steps/step_counts",
    }


def test_one_changed_pair_leaves_the_other_pictures(tmp_path: Path) -> None:
    pairs = [{"prompts": ["a dog", "waterfalls"]}, {"prompts": ["a cat", "a skull"]}]
    before = changed("figures/turns/panels/0/pairs", pairs)
    store = Store.open(str(tmp_path / "store"))
    record_all(store, planned(tmp_path, before, None).nodes)
    pairs = [pairs[0], {"prompts": ["a cat", "flowers"]}]
    plan = planned(tmp_path, changed("figures/turns/panels/0/pairs", pairs), store)
    assert misses(plan) == {
        "trajectory/turns/anagram/3-seed-6",
        "trajectory/turns/anagram/4-seed-7",
        "figure/turns/anagram",
        "figure/turns/anagram-3",
        "figure/turns/anagram-4",
    }
    assert plan.by_name["trajectory/turns/anagram/3-seed-6"].reason == "input prompt_1 changed"


def test_another_image_of_the_same_content_makes_nothing_anew(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    record_all(store, planned(tmp_path, SAMPLED, None).nodes)
    (tmp_path / "moved.png").write_bytes((tmp_path / "gate.png").read_bytes())
    data = changed("images/gate", "moved.png")
    assert misses(planned(tmp_path, data, store)) == set()


def test_pipeline_reads_only_what_its_figures_show(tmp_path: Path) -> None:
    file = read(tmp_path, changed("images/tower/file", "nowhere.png"))
    plan = make_plan(file, "samples", None, None, device="cpu")
    assert {n.node.kind for n in plan.nodes} == {"prompt", "trajectory", "figure", "table"}


def test_time_is_foreseen_from_rows_of_the_same_model(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    made = planned(tmp_path, SAMPLED, None)
    sample = made.by_name["trajectory/samples/prompt_samples/seed-3"]
    record(store, sample, seconds=17.0, device=made.device, number_format=made.number_format)
    plan = planned(tmp_path, SAMPLED, store)
    assert plan.by_name["trajectory/guided/prompt_samples/seed-7"].seconds == pytest.approx(34.0)
    file = read(tmp_path, changed("figures/steps/panels/0/stage_two", False))
    other = make_plan(file, "all", None, store, device="cpu", backend="other")
    assert other.by_name["trajectory/guided/prompt_samples/seed-7"].seconds is None
