"""The annotated-diffusion write-up's deliverables are declared, with the settings they have."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from flows.figures.panel import Place
from flows.plan.plan import Plan
from tasks.store.node import Node
from tests.flows.recorded_plan import plan_of
from tests.flows.small_declaration import real_file

with (Path(__file__).parents[1] / "deliverables.csv").open(newline="") as lines:
    ROWS = {row["id"]: row for row in csv.DictReader(lines) if row["writeup"] == "annotated"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(real_file(), None, "annotated", profile="paper")


def panels(plan: Plan, figure_id: str) -> dict[str, Node]:
    """Panel id to the node that draws it."""
    (figure,) = [figure for figure in plan.layout["figures"] if figure["id"] == figure_id]
    assert figure["section"] == ROWS[figure_id]["section"]
    return {panel["id"]: plan.by_name[panel["node"]].node for panel in figure["panels"]}


def params(plan: Plan, name: str) -> dict[str, Any]:
    return dict(plan.by_name[name].node.params)


def test_photograph_is_noised_at_the_timesteps_of_the_write_up(plan):
    settings = ROWS["w4-forward"]["settings"]
    drawn = panels(plan, "w4-forward")
    listed = [int(t) for t in re.search(r"; t=([\d|]+)", settings)[1].split("|")]
    assert drawn["forward_strip"].params["indices"] == listed
    alone = int(re.search(r"t=(\d+) alone", settings)[1])
    assert drawn["single"].params["indices"] == [alone]
    for node in drawn.values():
        assert node.params["size"] == 128
        assert node.inputs["image"].startswith("image/")
        (schedule,) = params(plan, node.inputs["schedule"])["schedules"]
        assert (schedule["schedule"], schedule["num_timesteps"]) == ("linear", 200)


def test_prompt_of_the_reference_figure_is_sampled_with_and_without_guidance(plan):
    settings = ROWS["w4-guidance"]["settings"]
    wording = re.search(r"prompt of the reference figure: (.+)\.", settings)[1]
    drawn = panels(plan, "w4-guidance")
    scales = {}
    for name in ("panda-plain", "panda-guided"):
        samples = [plan.by_name[source].node for source in drawn[name].inputs.values()]
        assert len(samples) == 5
        prompts = {params(plan, sample.inputs["prompt_0"])["prompt"] for sample in samples}
        assert prompts == {wording.lower()}
        scales[name] = {sample.params["guidance_scale"] for sample in samples}
    assert scales == {"panda-plain": {1.0}, "panda-guided": {7.0}}


def test_schedules_are_the_four_of_the_write_up(plan):
    names = re.split(r", ", ROWS["w4-posterior"]["settings"].partition(": ")[2])
    node = panels(plan, "w4-posterior")["schedules"]
    described = params(plan, node.inputs["schedule"])["schedules"]
    assert [schedule["schedule"] for schedule in described] == names
    assert {schedule["num_timesteps"] for schedule in described} == {200}


def test_signal_to_noise_is_shown_of_the_course_too(plan):
    node = panels(plan, "w4-posterior")["signal_to_noise"]
    described = params(plan, node.inputs["schedule"])["schedules"]
    assert ("linear", 300) in {(s["schedule"], s["num_timesteps"]) for s in described}


def test_training_has_the_recipe_of_the_write_up(plan):
    settings = ROWS["w4-train"]["settings"]
    training = params(plan, "train/fashion")
    assert training["network"]["hidden_width"] == int(re.search(r"dim=(\d+)", settings)[1])
    assert training["network"]["multipliers"] == [
        int(m) for m in re.search(r"mults=([\d|]+)", settings)[1].split("|")
    ]
    assert training["batch_size"] == int(re.search(r"batch=(\d+)", settings)[1])
    assert training["epochs"] == int(re.search(r"epochs=(\d+)", settings)[1])
    assert training["learning_rate"] == float(re.search(r"Adam lr=([\d.e-]+)", settings)[1])
    assert training["horizontal_flip"] is True and training["steps_per_epoch"] is None
    assert training["decay"] == "constant" and training["ema_decay"] is None
    objective = training["objective"]
    assert (objective["kind"], objective["loss"]) == ("noise_prediction", "huber")
    assert (objective["num_timesteps"], objective["beta_start"], objective["beta_end"]) == (
        200,
        1e-4,
        0.02,
    )
    assert plan.by_name["train/fashion"].node.inputs == {"data": "data/fashion_mnist"}


def test_published_losses_are_the_reported_ones(plan):
    settings = ROWS["w4-train"]["settings"]
    published = panels(plan, "w4-train")["reported_loss"].params["published"]
    assert len(published) == 10 and {len(epoch) for epoch in published} == {5}
    assert published[0][0] == float(re.search(r"([\d.]+) at step 0", settings)[1])
    assert published[0][1] == float(re.search(r"([\d.]+) at 100", settings)[1])
    assert published[0][4] == float(re.search(r"([\d.]+) at 400", settings)[1])
    low, high = map(float, re.search(r"([\d.]+)-([\d.]+) in epoch 9", settings).groups())
    assert (min(published[9]), max(published[9])) == (low, high)


def test_grid_has_64_samples_16_wide_of_all_timesteps(plan):
    node = panels(plan, "w4-sample")["pixel_ranges"]
    assert (node.params["rows"] * node.params["columns"], node.params["columns"]) == (64, 16)
    sampled = params(plan, node.inputs["sample"])
    assert sampled["sampler"]["method"] == "ancestral"
    assert sampled["objective"]["num_timesteps"] == 200
    assert panels(plan, "w4-sample")["animation"].params["frames"] > 1


def test_ddim_is_beside_ancestral_sampling_with_its_cost(plan):
    node = panels(plan, "w4-sample")["evaluation_cost"]
    samplers = [params(plan, name)["sampler"] for name in node.inputs.values()]
    assert [s["steps"] for s in samplers if s["method"] == "ddim"] == [50, 25, 10]
    assert samplers[0]["method"] == "ancestral"
    assert all(params(plan, name)["samples"] >= 10_000 for name in node.inputs.values())


@pytest.mark.parametrize(
    ("panel", "timesteps", "augmentation"),
    [("start", 200, {"horizontal_flip": True}), ("course-start", 300, {})],
)
def test_matched_start_differs_in_nothing_but_the_start(plan, panel, timesteps, augmentation):
    plain, matched = (
        params(plan, name) for name in panels(plan, "w4-sample")[panel].inputs.values()
    )
    assert (plain.pop("start"), matched.pop("start")) == ("noise", "matched")
    # Which is that of the images as training sees them.
    assert {name: matched.pop(name, None) for name in augmentation} == augmentation
    # The model's own way is shown in another panel too, which may want a grid of its own.
    assert matched["requests"] == [r for r in plain["requests"] if r in matched["requests"]]
    del plain["requests"], matched["requests"]
    assert plain == matched
    assert plain["objective"]["num_timesteps"] == timesteps


def test_quick_matched_starts_are_those_of_images_as_their_models_see_them():
    quick = plan_of(real_file(), None, "annotated", profile="quick")
    variants = [p.node for p in quick.by_name.values() if p.node.kind == "variant"]
    matched = [node for node in variants if node.params["start"] == "matched"]
    mirrored = {node.inputs["model"]: node.params.get("horizontal_flip") for node in matched}
    assert mirrored == {"train/fashion": True, "train/ddpm_time": None}
    for node in matched:
        assert node.params.get("max_shift", 0) == params(quick, node.inputs["model"])["max_shift"]
    others = [node for node in variants if node not in matched]
    assert matched and others
    assert not any({"max_shift", "horizontal_flip"} & node.params.keys() for node in others)


def test_both_guidances_run_over_scales_0_to_10(plan):
    curve = panels(plan, "w4-guidance")["guidance_curve"]
    scales = curve.params["guidance_scales"]
    assert (scales[0], scales[-1]) == (0, 10)
    for role, guidance in (("by_classifier", "classifier"), ("classifier_free",) * 2):
        ways = [params(plan, curve.inputs[f"{role}_{i}"]) for i in range(len(scales))]
        assert [way["sampler"]["guidance_scale"] for way in ways] == scales
        assert {way["guidance"] for way in ways[1:]} == {guidance}
    assert curve.inputs["by_classifier_0"] == curve.inputs["classifier_free_0"]


def test_guide_learns_under_the_noise_of_the_model_it_guides(plan):
    guide, model = params(plan, "guide/fashion_guide"), params(plan, "train/fashion_class")
    for name in ("schedule", "num_timesteps", "beta_start", "beta_end"):
        assert guide["objective"][name] == model["objective"][name]
    assert plan.by_name["guide/fashion_guide"].node.inputs["data"] == "data/fashion_mnist"
    used = {
        name: node.node.inputs.get("guide")
        for name, node in plan.by_name.items()
        if name.startswith("variant/fashion_guide")
    }
    by_classifier = {name for name, guide in used.items() if guide == "guide/fashion_guide"}
    assert by_classifier == {name for name in used if re.search(r"/classifier-\d", name)}


def test_quick_trains_one_model_of_its_own_on_fashion():
    file = real_file()
    quick = plan_of(file, None, "annotated", profile="quick")
    assert quick.by_name["train/fashion"].node.inputs == {"data": "data/fashion_5k"}
    trained = {name for name in quick.by_name if name.startswith("train/")}
    elsewhere = plan_of(file, None, "seed501", profile="quick").by_name
    assert trained - set(elsewhere) == {"train/fashion"}


def test_quick_captions_of_trained_models_name_what_they_were_trained_on():
    declaration = real_file().settle("quick")
    captions = {}
    for figure_id in filter(re.compile("w4-").match, declaration.figures):
        place = Place(declaration, figure_id)
        assert "Fashion" not in place.figure.title
        for panel in place.panels():
            if {"model", "study", "guide"} & type(panel).model_fields.keys():
                (shown,) = panel.shown_as(place)
                captions[f"{figure_id}/{panel.name}"] = shown.caption
    clothes, digits = (declaration.datasets[name].title for name in ("fashion_5k", "mnist_5k"))
    on_digits = {name for name, caption in captions.items() if digits in caption}
    assert on_digits == {
        "w4-sample/course-start",
        "w4-guidance/guidance_curve",
        "w4-guidance/guidance_grid",
        "w4-guidance/guide_accuracy",
    }
    assert all(clothes in captions[name] for name in captions.keys() - on_digits)
    assert "Muon at" in captions["w4-train/reported_loss"]
    assert "mirrored at random; weights averaged at 0.98" in captions["w4-train/reported_loss"]


def test_equation_beside_the_guidance_curves_is_told_in_words():
    place = Place(real_file().declaration, "w4-guidance")
    (shown,) = place.panels()[0].shown_as(place)
    assert (
        "the gradient of log p(x_t) plus gamma, the scale, times the gradient of log p(y | x_t)"
        in shown.caption
    )


def test_network_summary_is_of_the_trained_network_and_of_a_photograph(plan):
    node = panels(plan, "w4-train")["network_summary"]
    networks = params(plan, node.inputs["network"])["networks"]
    assert [(each["channels"], each["size"]) for each in networks] == [(1, 28), (3, 128)]
    trained = params(plan, "train/fashion")["network"]
    for each in networks:
        assert each["hidden_width"] == trained["hidden_width"] == 28
        assert each["multipliers"] == trained["multipliers"]
        assert each["heads"] == trained["heads"]
