"""Rules of making one noise estimate of two: what is declared, sampled and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.figures.panel import Place
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
