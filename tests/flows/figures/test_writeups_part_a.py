"""Every deliverable of the write-ups' part A is declared, with the settings it was made with.

deliverables.csv lists them. Each row's settings and wording become facts about the nodes that the
paper profile expands to; a setting that no rule below understands fails its row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.declaration import Declaration
from flows.declaration.figures import Figure
from flows.plan.plan import Plan
from tasks.store.node import Node
from tests.flows.recorded_plan import plan_of
from tests.flows.small_declaration import real_file

WRITE_UPS = {"seed501": 501, "seed180": 180, "seed100": 100, "seed34224309": 34224309}

with (Path(__file__).parents[1] / "deliverables.csv").open(newline="") as lines:
    ROWS = [row for row in csv.DictReader(lines) if row["section"].startswith("A")]

NUMBERS = {"two": 2, "three": 3, "five": 5, "six": 6}


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return real_file().settle("paper")


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {name: plan_of(real_file(), None, name, profile="paper") for name in WRITE_UPS}


@dataclass
class Deliverable:
    """A figure of a plan and the nodes it is drawn from."""

    plan: Plan
    figure_id: str
    declared: Figure

    @property
    def drawn(self) -> list[Node]:
        prefix = f"figure/{self.figure_id}/"
        return [p.node for p in self.plan.nodes if p.name.startswith(prefix)]

    @property
    def panels(self) -> dict[str, Node]:
        return {node.name.rpartition("/")[2]: node for node in self.drawn}

    @property
    def main(self) -> Node:
        return self.drawn[0]

    def above(self, kind: str) -> list[Node]:
        """Nodes of a kind that the figure is drawn from, at any distance, in the plan's order."""
        found: set[str] = set()
        waiting = [name for node in self.drawn for name in node.inputs.values()]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.plan.by_name[name].node.inputs.values()
        return [p.node for p in self.plan.nodes if p.name in found and p.node.kind == kind]

    @property
    def trajectories(self) -> list[Node]:
        return self.above("trajectory")

    def prompts(self, node: Node) -> list[str]:
        roles = sorted(role for role in node.inputs if role.startswith("prompt_"))
        return [self.plan.by_name[node.inputs[role]].node.params["prompt"] for role in roles]

    @property
    def all_prompts(self) -> str:
        return " | ".join(p for node in self.trajectories for p in self.prompts(node)).lower()

    def values(self, name: str) -> list[Any]:
        """Of a parameter over the trajectories, each once, in order."""
        return list(dict.fromkeys(node.params[name] for node in self.trajectories))

    @property
    def i_starts(self) -> list[int]:
        starts = [node.params["start"]["i_start"] for node in self.trajectories]
        return list(dict.fromkeys(starts))

    @property
    def timesteps(self) -> list[int]:
        (noised,) = self.above("noised")
        return noised.params["timesteps"]

    @property
    def snapshots(self) -> list[int]:
        (node,) = [n for n in self.trajectories if n.params["snapshots"]]
        return node.params["snapshots"]


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split("|")]


def check_setting(made: Deliverable, setting: str) -> bool:
    """Assert what `setting` says of the figure; False if no rule understands it."""
    if match := re.fullmatch(r"seed=(\d+)", setting):
        assert {node.seed for node in [*made.trajectories, *made.above("noised")]} == {
            int(match[1])
        }
    elif match := re.fullmatch(r"seeds=([\d|]+)", setting):
        assert [node.seed for node in made.trajectories] == numbers(match[1])
    elif match := re.fullmatch(r"steps=([\d|]+)", setting):
        counts = [n.params["timesteps"]["num_inference_steps"] for n in made.trajectories]
        assert list(dict.fromkeys(counts)) == numbers(match[1])
    elif match := re.fullmatch(r"t=([\d|]+)", setting):
        stepwise = "iterative" in made.panels
        assert (made.snapshots if stepwise else made.timesteps) == numbers(match[1])
    elif match := re.fullmatch(r"snapshots t=([\d|]+)", setting):
        assert made.snapshots == numbers(match[1])
    elif match := re.fullmatch(r"i_start=([\d|]+)", setting):
        assert made.i_starts == numbers(match[1])
    elif match := re.fullmatch(r"stride=(\d+)(?: \(990 down to 0\))?", setting):
        strided = {"kind": "strided", "first": 990, "stride": int(match[1])}
        assert all(node.params["timesteps"] == strided for node in made.trajectories)
    elif match := re.fullmatch(r"kernel=(?:6\*sigma\+1=)?(\d+)", setting):
        blurs = [node.params["kernel"] for node in made.above("blurred")]
        passes = [n.params["combination"].get("kernel_size") for n in made.trajectories]
        assert set(blurs or passes) == {int(match[1])}
    elif match := re.fullmatch(r"sigma=(\d+)", setting):
        blurs = [node.params["sigma"] for node in made.above("blurred")]
        passes = [n.params["combination"].get("sigma") for n in made.trajectories]
        assert set(blurs or passes) == {float(match[1])}
    elif match := re.fullmatch(r"n=(\d+)", setting):
        shown = made.main.params["rows"]
        count = shown if "anagram" in made.panels or "hybrid" in made.panels else None
        assert (count or len(made.trajectories)) == int(match[1])
    elif match := re.fullmatch(r"scale=(\d+)", setting):
        assert made.values("guidance_scale") == [float(match[1])]
    elif setting == "unconditional prompt is empty":
        empty = made.plan.by_name["prompt/empty"].node
        assert empty.params["prompt"] == ""
        assert all(n.inputs["unconditional"] == empty.name for n in made.trajectories)
    elif match := re.fullmatch(r"image=(\w+)", setting):
        assert [node.name for node in made.above("image")] == [f"image/{match[1]}"]
    elif match := re.fullmatch(r'prompt="?([\w ]+?)"?', setting):
        nodes = made.trajectories or made.above("one_step")
        assert {prompt for node in nodes for prompt in made.prompts(node)} == {match[1]}
    elif match := re.fullmatch(r"prompts=(.+)", setting):
        found = [made.prompts(node)[0] for node in made.trajectories]
        assert list(dict.fromkeys(found)) == match[1].split(" | ")
    elif match := re.fullmatch(r"max_disp=(\d+) on 64x64", setting):
        view = {"name": "skew", "max_displacement": int(match[1])}
        assert made.panels["anagram-1"].params["view"] == view
    elif setting == "inverse uses -max_disp":
        return made.panels["anagram-1"].params["view"]["name"] == "skew"
    elif setting == "stage 2 upsamples 64 to 256":
        assert len(made.above("upscale")) == len(made.trajectories)
    elif setting == "original shown beside":
        assert made.main.params["column_labels"][0] == "original"
    elif setting == "one prompt per row":
        rows = made.main.params["row_labels"]
        prompts = {prompt for node in made.trajectories for prompt in made.prompts(node)}
        assert {label.partition(",")[0] for label in rows} == prompts
    else:
        return check_subjects(made, setting)
    return True


def check_subjects(made: Deliverable, setting: str) -> bool:
    """Settings that name what is to be seen: `old man/campfire | ...`, `panda+sunset x2 | ...`."""
    groups = [part.strip() for part in setting.split("|")]
    if len(groups) < 2:
        return False
    expected: list[tuple[list[str], int]] = []
    for group in groups:
        match = re.fullmatch(r"(.+?)(?: x(\d+))?", group)
        assert match is not None
        subjects = [word.strip() for word in re.split(r"[/+]", match[1])]
        expected.append((subjects, int(match[2] or 1)))
    found = [" | ".join(made.prompts(node)).lower() for node in made.trajectories]
    found = list(dict.fromkeys(found)) if "step_counts" in made.panels else found
    shown = made.main.params["rows"]
    if "step_counts" not in made.panels and "text_edit" not in made.panels:
        assert shown == sum(count for _, count in expected)
    for subjects, count in expected:
        alike = [text for text in found if all(_is_about(text, each) for each in subjects)]
        assert len(alike) >= count, f"{count} of {subjects} in {found}"
    return True


def _is_about(text: str, subject: str) -> bool:
    words = subject.lower().removeprefix("a ").split()
    return all(word.rstrip("s") in text for word in words)


def check_wording(made: Deliverable, words: str) -> None:
    """Assert what the deliverable's description asks to see."""
    panels, main = made.panels, made.main.params
    if "three step counts" in words:
        assert main["columns"] == 3
    if "three prompts by three" in words:
        assert (main["rows"], main["columns"]) == (3, 3)
    if "stage 1 and stage 2 images" in words:
        assert any("stage II" in label for label in main["row_labels"])
    if "increasingly detailed prompts" in words:
        prompts = [cell["label"] for cell in main["cells"]]
        assert len(prompts) >= 3 and all("panda" in prompt for prompt in prompts)
        assert prompts == sorted(prompts, key=len)
    if words.startswith("forward process"):
        assert main["plot"] == "noised_row"
    if "blur denoising" in words.lower():
        assert main["plot"] == "blur_rows"
    if words.startswith("one-step denoising"):
        assert main["plot"] == "one_step_rows"
        assert all(node.params["guidance_scale"] == 1 for node in made.above("one_step"))
    if "iterative denoising" in words:
        assert {node.params["plot"] for node in made.drawn} == {"snapshots", "methods"}
        assert panels["methods"].params["timestep"] == 690
    if "every fifth step" in words:
        assert made.snapshots == [690, 540, 390, 240, 90]
    if "unguided" in words or "without guidance" in words:
        assert made.values("guidance_scale") == [1.0]
    if re.search(r"(?<!un)guided samples|with classifier-free guidance", words):
        assert made.values("guidance_scale") == [7.0]
    for name, count in NUMBERS.items():
        if re.search(rf"{name} (?:unguided|guided) samples", words):
            assert len(made.trajectories) == count
        if re.search(rf"on {name} (?:photographs|images|buildings)|, {name} images", words):
            assert len(made.above("image")) == count
        if re.search(rf"{name} image/prompt pairs", words):
            assert len(made.above("image")) == count
        if re.search(rf"{name} pairs|{name} visual anagrams|{name} hybrid images", words):
            versions = 2 if "two versions each" in words else 1
            assert main["rows"] == count * versions
    if "one web image" in words or "a tower and two cats" in words:
        assert len(made.above("image")) == 3
    if words.startswith("inpainting"):
        assert [cell["show"] for cell in main["cells"][:4]] == ["image", "mask", "hole", "image"]
        assert main["column_labels"] == ["original", "mask", "hole", "inpainted"]
        assert main["rows"] == 3
    if "several tries, best kept" in words:
        assert len(made.above("choice")) == 3
        assert len(made.trajectories) > 3
    if "inside a mask" in words:
        assert all(node.params["mask"] for node in made.trajectories)
        assert [cell["show"] for cell in main["cells"][:3]] == ["image", "mask", "hole"]
    elif "text-conditional" in words:
        assert not any(node.params["mask"] for node in made.trajectories)
    if "anagram" in words:
        turns = [node.params["plot"] for node in made.drawn].count("turn")
        assert turns == main["rows"]
        assert [cell["show"] for cell in main["cells"][:2]] == ["image", "turned"]
    if "hybrid" in words:
        moving = [node.params["plot"] for node in made.drawn].count("distance")
        assert moving == main["rows"]
    if match := re.search(r"near \((\d+) px\) and far \((\d+) px\)", words):
        assert [cell["pixels"] for cell in main["cells"][:2]] == [int(match[1]), int(match[2])]
    views = {
        "flip": "flip",
        "180-degree": "rotate_180",
        "skew anagram": "skew",
        "negative anagram": "negate",
    }
    for phrase, view in views.items():
        if phrase in words:
            assert panels["anagram-1"].params["view"]["name"] == view
    if "from a sketch" in words:
        assert [node.name for node in made.above("image")] == ["image/logo_sketch"]


def settings_of(row: dict[str, str]) -> Iterator[str]:
    """A row's settings; `=` parts of several images stay as they are."""
    for setting in row["settings"].split(";"):
        if setting.strip():
            yield setting.strip()


def test_part_a_has_the_rows_of_four_write_ups() -> None:
    assert {row["writeup"] for row in ROWS} == set(WRITE_UPS)
    assert len(ROWS) == 56


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_deliverable_is_declared_with_its_settings(
    plans: dict[str, Plan], declaration: Declaration, row: dict[str, str]
) -> None:
    made = Deliverable(plans[row["writeup"]], row["id"], declaration.figures[row["id"]])
    assert made.declared.section == row["section"]
    assert made.declared.seed == WRITE_UPS[row["writeup"]]
    check_wording(made, row["deliverable"])
    for setting in settings_of(row):
        assert check_setting(made, setting), f"no rule understands {setting!r}"
