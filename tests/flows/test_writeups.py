"""Every deliverable of the write-ups' part B is declared, with the settings it was made with.

deliverables.csv lists them. Each row's settings and wording become facts about the nodes that the
paper profile expands to; a setting that no rule below understands fails its row.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.plan.plan import Plan
from tests.flows.recorded_plan import plan_of
from tests.flows.small_declaration import real_file

WRITE_UPS = ("seed501", "seed180", "seed100", "seed34224309")
SIGMAS = [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]

with (Path(__file__).parent / "deliverables.csv").open(newline="") as lines:
    ROWS = {row["id"]: row for row in csv.DictReader(lines)}
PART_B = [row for row in ROWS.values() if row["section"].startswith("B")]
BOTH_PARTS = [row for row in ROWS.values() if row["section"].startswith(("A", "B"))]


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    file = real_file()
    return {name: plan_of(file, None, name, profile="paper") for name in file.declaration.pipelines}


@dataclass
class Deliverable:
    """A figure of a plan: params of its panels by plot, and of its first model's training."""

    plan: Plan
    figure_id: str

    @property
    def figure(self) -> dict[str, Any]:
        (found,) = [f for f in self.plan.layout["figures"] if f["id"] == self.figure_id]
        return found

    @property
    def panels(self) -> dict[str, Any]:
        return {
            panel["plot"]: self.plan.by_name[panel["node"]].node for panel in self.figure["panels"]
        }

    @property
    def model(self) -> str:
        """The model the figure is about: the first in its loss curve, or the only one."""
        node = self.panels.get("loss_curve") or next(iter(self.panels.values()))
        return next(iter(node.inputs.values())).split("/")[1]

    @property
    def training(self) -> dict[str, Any]:
        return dict(self.plan.by_name[f"train/{self.model}"].node.params)

    def checkpoints(self, kind: str) -> list[dict[str, Any]]:
        """Params of the nodes of `kind` that the figure's panels take, the first model's."""
        names = {
            name
            for node in self.panels.values()
            for name in node.inputs.values()
            if name.startswith(f"{kind}/{self.model}/")
        }
        return [dict(self.plan.by_name[name].node.params) for name in sorted(names)]

    @property
    def shown_epochs(self) -> list[int]:
        for plot in ("samples", "denoised", "pure_noise"):
            if plot in self.panels:
                return self.panels[plot].params["epochs"]
        raise AssertionError(f"{self.figure_id} shows no samples")


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.split(r"\|", text)]


def check_setting(made: Deliverable, setting: str) -> bool:
    """Assert what `setting` says of the figure; False if no rule understands it."""
    training, objective = made.training, made.training["objective"]
    if match := re.fullmatch(r"(?:OOD )?sigma=([\d.|]+)", setting):
        levels = numbers(match[1])
        if len(levels) == 1:
            assert objective == {"kind": "denoiser", "sigma": levels[0]}
            assert all(params["sigma"] == levels[0] for params in shown_denoised(made))
        else:
            plot = "noising" if "noising" in made.panels else "sigma_row"
            assert made.panels[plot].params["sigmas"] == levels == SIGMAS
    elif match := re.fullmatch(r"D=(\d+)", setting):
        assert training["network"]["hidden_width"] == int(match[1])
    elif match := re.fullmatch(r"batch=(\d+)", setting):
        assert training["batch_size"] == int(match[1])
    elif match := re.fullmatch(r"epochs=(\d+)", setting):
        assert training["epochs"] == int(match[1])
        assert training["steps_per_epoch"] is None
    elif match := re.fullmatch(
        r"(?:Adam )?lr=([\d.e-]+)( constant| with exponential decay per epoch)?", setting
    ):
        assert training["learning_rate"] == float(match[1])
        if match[2]:
            decay = "constant" if match[2] == " constant" else "exponential"
            assert training["decay"] == decay
    elif setting == "exponential decay gamma=0.1^(1/epochs)":
        assert training["decay"] == "exponential"
    elif match := re.fullmatch(r"Euler T=(\d+)", setting):
        assert made.checkpoints("sample")
        for params in made.checkpoints("sample"):
            assert (params["sampler"]["method"], params["sampler"]["steps"]) == (
                "euler",
                int(match[1]),
            )
    elif match := re.fullmatch(r"p_uncond=([\d.]+)", setting):
        assert objective["p_uncond"] == float(match[1])
    elif match := re.fullmatch(r"guidance=([\d.]+)", setting):
        scales = {params["sampler"]["guidance_scale"] for params in made.checkpoints("sample")}
        assert scales == {float(match[1])}
    elif setting == "guidance at sampling":
        assert all(p["sampler"]["guidance_scale"] > 1 for p in made.checkpoints("sample"))
    elif setting == "one-hot class multiplies the affected block":
        # What a network with classes does; with time alone nothing is multiplied.
        assert training["network"]["num_classes"] == 10
    elif setting == "input z~N(0,I)":
        assert objective == {"kind": "pure_noise"}
    else:
        # A remark on how long it took there.
        return setting.startswith("reported about")
    return True


def shown_denoised(made: Deliverable) -> list[dict[str, Any]]:
    return [dict(node.params) for plot, node in made.panels.items() if plot == "denoised"]


def check_wording(made: Deliverable, words: str) -> None:
    """Assert what the deliverable's description asks to see."""
    panels = made.panels
    if "loss" in words:
        assert "loss_curve" in panels
    if "log-scale loss" in words:
        assert panels["loss_curve"].params["scale"] == "log"
    if match := re.search(r"samples after epochs ((?:\d+(?:, | and )?)+)", words):
        assert made.shown_epochs == [int(epoch) for epoch in re.findall(r"\d+", match[1])]
    if "by epoch" in words:
        assert made.shown_epochs == list(range(1, made.training["epochs"] + 1))
    if "noising process" in words:
        assert panels["noising"].params["digits"] == 5
    if "five digits by seven noise levels" in words:
        assert len(panels["noising"].params["sigmas"]) == 7
    if "out of distribution" in words or "out-of-distribution" in words:
        assert panels["sigma_row"].params["sigmas"] == SIGMAS
        assert panels["sigma_row"].params["digits"] == 1
    if "pure noise" in words:
        assert "pure_noise" in panels
    if words.startswith(("time-conditioned", "class-conditioned", "better time-conditioned")):
        network = made.training["network"]
        classes = 10 if words.startswith("class") else 0
        assert network["num_classes"] == classes
        kind = "ddpm" if "DDPM" in words else "flow_matching"
        assert made.training["objective"]["kind"] == kind
        conditioning = "add" if kind == "ddpm" else "multiply"
        assert network["time_conditioning"] == conditioning
        assert "animation" in panels
    if "digits in class order" in words:
        assert panels["samples"].params["label_classes"]
        assert panels["samples"].params["columns"] == 10
    if "CFG" in words:
        assert all(p["sampler"]["guidance_scale"] > 1 for p in made.checkpoints("sample"))
    if "beside" in words and "mean training image" not in words:
        assert len(panels["comparison"].inputs) == 2


def settings_of(row: dict[str, str]) -> list[str]:
    """A row's settings, with `as w1-time` and `settings as w3-denoiser` replaced by those rows'.

    A setting of the row itself wins over one it refers to.
    """
    own, referred = [], []
    for setting in filter(None, (part.strip() for part in row["settings"].split(";"))):
        if match := re.fullmatch(r"(?:settings )?as (w\d-\w+)", setting):
            referred += settings_of(ROWS[match[1]])
        else:
            own.append(setting)
    if "input z~N(0,I)" in own:
        referred = [setting for setting in referred if not setting.startswith("sigma=")]
    return own + referred


def test_part_b_has_the_rows_of_four_write_ups():
    assert {row["writeup"] for row in PART_B} == set(WRITE_UPS)
    assert len(PART_B) == 21


@pytest.mark.parametrize("row", PART_B, ids=lambda row: row["id"])
def test_deliverable_is_declared_with_its_settings(plans, row):
    made = Deliverable(plans[row["writeup"]], row["id"])
    assert made.figure["section"] == row["section"]
    assert made.figure["seed"] == int(row["writeup"].removeprefix("seed"))
    check_wording(made, row["deliverable"])
    if "noising" not in made.panels:
        assert made.training["ema_decay"] is None
        assert made.training["max_shift"] == 0
    for setting in settings_of(row):
        if "noising" in made.panels:
            levels = numbers(setting.removeprefix("sigma="))
            assert made.panels["noising"].params["sigmas"] == levels
        else:
            assert check_setting(made, setting), f"no rule understands {setting!r}"


def test_figures_of_a_write_up_are_its_rows_in_their_order(plans):
    for write_up in WRITE_UPS:
        declared = [figure["id"] for figure in plans[write_up].layout["figures"]]
        assert declared == [row["id"] for row in BOTH_PARTS if row["writeup"] == write_up]


def test_the_paper_profile_uses_mnist_and_fashion_mnist(plans):
    used = {
        name: {p.name for p in plan.nodes if p.node.kind == "data"} for name, plan in plans.items()
    }
    assert used["gallery"] == {"data/mnist", "data/fashion_mnist"}
    assert all(used[write_up] == {"data/mnist"} for write_up in WRITE_UPS)


def test_the_quick_profile_keeps_every_figure_and_panel(plans):
    file = real_file()
    for name, paper in plans.items():
        quick = plan_of(file, None, name, profile="quick").layout["figures"]
        assert [(f["id"], [p["id"] for p in f["panels"]]) for f in quick] == [
            (f["id"], [p["id"] for p in f["panels"]]) for f in paper.layout["figures"]
        ]


def test_the_gallery_holds_every_figure(plans):
    gallery = [figure["id"] for figure in plans["gallery"].layout["figures"]]
    both_parts = [row["id"] for row in BOTH_PARTS]
    assert [name for name in gallery if name in both_parts] == both_parts
    assert set(gallery) == {
        figure["id"]
        for name in (*WRITE_UPS, "annotated")
        for figure in plans[name].layout["figures"]
    }


def test_the_better_time_model_starts_from_the_noise_of_the_first(plans):
    plan = plans["seed100"]
    first, better = (Deliverable(plan, name) for name in ("w3-time", "w3-bigtime"))
    comparison = better.panels["comparison"]
    last_of_first = f"sample/{first.model}/epoch-010"
    assert last_of_first in comparison.inputs.values()
    assert last_of_first in first.panels["samples"].inputs.values()
    samples = first.panels["samples"].params
    for name in comparison.inputs.values():
        (request,) = plan.by_name[name].node.params["requests"]
        assert (request["seed"], request["rows"], request["columns"]) == (
            100,
            samples["rows"],
            samples["columns"],
        )


def test_the_constant_rate_stands_beside_the_scheduled_model(plans):
    constant = Deliverable(plans["seed100"], "w3-nosched")
    scheduled = Deliverable(plans["seed100"], "w3-class")
    compared = {name.split("/")[1] for name in constant.panels["comparison"].inputs.values()}
    assert compared == {constant.model, scheduled.model}


def test_ddpm_has_three_hundred_timesteps_of_the_linear_schedule(plans):
    objectives = [
        p.node.params["objective"]
        for p in plans["gallery"].nodes
        if p.node.kind == "train" and p.node.params["objective"]["kind"] == "ddpm"
    ]
    assert len(objectives) == 3
    for objective in objectives:
        assert (objective["num_timesteps"], objective["beta_start"], objective["beta_end"]) == (
            300,
            1e-4,
            0.02,
        )


def test_figures_of_all_write_ups_together_tell_which_each_comes_from(
    plans: dict[str, Plan],
) -> None:
    titles = {"w1": "seed501", "w2": "seed180", "w3": "seed100", "w4": "annotated"}
    told = {f["id"]: f["part"] for f in plans["gallery"].layout["figures"]}
    assert {name: part for name, part in told.items() if name[:2] in titles} == {
        name: f"Write-up {titles[name[:2]]}" for name in told if name[:2] in titles
    }
    assert {figure["part"] for figure in plans["seed501"].layout["figures"]} == {None}


def test_the_gallery_keeps_what_the_models_that_come_with_it_say_of_themselves(plans):
    cards = plans["gallery"].layout["model_cards"]
    shipped = {f"data/models/{name}" for name in ("pocket-if", "pocket-if-ii", "pocket-clip")}
    assert cards.keys() == shipped
    root = real_file().project_root
    for address, card in cards.items():
        assert card == (root / address / "README.md").read_text(encoding="utf-8").strip()
        assert "licence" in card
    # Its own retrieval accuracy on renderings that it was not trained on.
    assert "| as drawn | " in cards["data/models/pocket-clip"]
