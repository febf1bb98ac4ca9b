"""Rules of making one noise estimate of two: what is declared, sampled and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.figures.panel import Place
from tasks import BadInput
from tests.flows.figures.sampled import SAMPLED, figure, nodes_of, read

PAIR = {"prompts": ["a panda", "a rocket ship"]}


def declared(**more: Any) -> dict[str, Any]:
    panel = {"plot": "anagram_rules", "view": "flip", "pairs": [PAIR], **more}
    return {**SAMPLED, "figures": {**SAMPLED["figures"], "ways": figure(4, panel)}}


def test_a_column_a_rule_each_upright_and_turned_below_from_the_same_seeds(tmp_path: Path) -> None:
    nodes = nodes_of(tmp_path, declared(rules=["mean", "rescaled"], tries=2))
    drawn = nodes["figure/ways/anagram_rules"].params
    assert (drawn["rows"], drawn["columns"]) == (2, 2)
    assert [cell["show"] for cell in drawn["cells"]] == ["image", "image", "turned", "turned"]
    made = {
        name: node for name, node in nodes.items() if name.startswith("trajectory/ways/anagram")
    }
    assert sorted(node.seed for node in made.values()) == [4, 4, 5, 5]
    assert {node.params["combination"].get("rule") for node in made.values()} == {None, "rescaled"}
    assert nodes["figure/ways/anagram_rules-tries"].params["rows"] == 2


def test_an_anagram_by_a_rule_of_its_own_says_so(tmp_path: Path) -> None:
    panel = {"plot": "anagram", "view": "flip", "pairs": [PAIR], "rule": "alternating"}
    whole = {**SAMPLED, "figures": {**SAMPLED["figures"], "turns": figure(4, panel)}}
    declaration = read(tmp_path, whole).declaration
    place = Place(declaration, "turns")
    assert "estimate of one prompt and of the other, step by step" in place.panels()[0].told(place)
    nodes = nodes_of(tmp_path, whole)
    rules = [n.params["combination"].get("rule") for n in nodes.values() if n.kind == "trajectory"]
    assert "alternating" in rules


def test_tries_are_compared_half_way_and_the_best_go_on(tmp_path: Path) -> None:
    panel = {"plot": "anagram", "view": "flip", "pairs": [PAIR], "tries": 3, "go_on": 2}
    whole = {**SAMPLED, "figures": {**SAMPLED["figures"], "turns": figure(4, panel)}}
    nodes = nodes_of(tmp_path, whole)
    halves = [nodes[f"trajectory/turns/anagram/1-seed-{seed}-half"] for seed in (4, 5, 6)]
    timesteps = read(tmp_path, whole).declaration.text_to_image.timesteps
    half = len(timesteps) // 2
    assert all(node.params["timesteps"]["until"] == half for node in halves)
    assert all(node.params["snapshots"] == [timesteps[half]] for node in halves)
    looked_at = nodes["choice/turns/anagram/1-half"]
    assert looked_at.params["keep"] == 2
    assert [looked_at.inputs[f"try_{i}"] for i in range(3)] == [node.name for node in halves]
    ends = [nodes[f"trajectory/turns/anagram/1-{rank}"] for rank in range(2)]
    assert [node.params["start"]["rank"] for node in ends] == [0, 1]
    assert {node.inputs["start"] for node in ends} == {looked_at.name}
    assert sum(node.work for node in halves) + sum(node.work for node in ends) < 3 * 4 * len(
        timesteps
    )
    chosen = nodes["choice/turns/anagram/1"]
    assert nodes["figure/turns/anagram"].inputs["cell_0"] == chosen.name
    shown = nodes["figure/turns/anagram-tries"].inputs
    assert set(shown.values()) == {looked_at.name, *(node.name for node in halves)}


def test_more_cannot_go_on_than_were_tried(tmp_path: Path) -> None:
    panel = {"plot": "anagram", "view": "flip", "pairs": [PAIR], "tries": 2, "go_on": 2}
    whole = {**SAMPLED, "figures": {**SAMPLED["figures"], "turns": figure(4, panel)}}
    with pytest.raises(BadInput, match="go_on is 2 of 2 tries; expected fewer than tries"):
        read(tmp_path, whole)
