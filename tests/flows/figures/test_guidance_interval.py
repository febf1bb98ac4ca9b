"""Guidance on part of the way: what is declared, refused, sampled and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.figures.panel import Place
from tasks import BadInput
from tests.flows.figures.sampled import SAMPLED, changed, figure, nodes_of, read
from tests.flows.small_declaration import real_file

GUIDED_AT = "backends/small/guidance_interval"
PROMPTS = ["a panda", "a rocket ship"]


def declared(*intervals: list[int]) -> dict[str, Any]:
    panel = {"plot": "guidance_interval", "prompts": PROMPTS, "intervals": list(intervals)}
    return {**SAMPLED, "figures": {**SAMPLED["figures"], "interval": figure(4, panel)}}


def test_a_row_a_prompt_and_a_column_an_interval(tmp_path: Path) -> None:
    nodes = nodes_of(tmp_path, declared([0, 990], [300, 600]))
    drawn = nodes["figure/interval/guidance_interval"].params
    assert (drawn["plot"], drawn["rows"], drawn["columns"]) == ("pictures", 2, 2)
    assert drawn["row_labels"] == PROMPTS
    assert drawn["column_labels"] == ["t = 990 to 0", "t = 600 to 300"]
    made = nodes["trajectory/interval/guidance_interval/a-panda-t300-600"]
    assert made.params["combination"] == {"kind": "single", "guidance_interval": [300, 600]}
    assert "unconditional" in made.inputs


def test_caption_says_where_guidance_is_on(tmp_path: Path) -> None:
    declaration = read(tmp_path, declared([300, 600])).declaration
    place = Place(declaration, "interval")
    assert "guidance 7 between the timesteps named" in place.panels()[0].told(place)


@pytest.mark.parametrize(
    ("intervals", "message"),
    [
        ([[601, 629]], "intervals.0 is [601, 629]; expected the lowest and the highest t"),
        ([[600, 300]], "intervals.0 is [600, 300]; expected the lowest and the highest t"),
        ([[300, 600], [300, 600]], "intervals"),
        ([[300]], "intervals.0"),
        ([[300, 1000]], "intervals.0.1 is 1000; expected at most 999"),
    ],
)
def test_what_is_no_stretch_of_the_way_is_refused(
    tmp_path: Path, intervals: list[list[int]], message: str
) -> None:
    with pytest.raises(BadInput) as error:
        read(tmp_path, declared(*intervals))
    assert f"figures.interval.panels.0.{message}" in str(error.value)


def test_a_backends_interval_is_that_of_every_guided_trajectory(tmp_path: Path) -> None:
    data = changed(GUIDED_AT, [300, 990])
    panel = {"plot": "guidance_interval", "prompts": PROMPTS, "intervals": [[0, 600]]}
    data = {**data, "figures": {**data["figures"], "own": figure(4, panel)}}
    made = nodes_of(tmp_path, data).values()
    trajectories = [node for node in made if node.kind == "trajectory"]
    own = [node for node in trajectories if node.name.startswith("trajectory/own/")]
    assert len(own) == len(PROMPTS)
    for node in trajectories:
        expected = [0, 600] if node in own else [300, 990]
        is_guided = node.params["guidance_scale"] != 1
        found = node.params["combination"].get("guidance_interval")
        assert found == (expected if is_guided else None), node.name
    kinds = {node.params["combination"]["kind"] for node in trajectories}
    assert kinds == {"single", "views", "components"}
    enlarged = [node for node in made if node.kind == "upscale"]
    assert enlarged
    assert not any("guidance_interval" in node.params["combination"] for node in enlarged)


def test_captions_say_where_the_backend_guides(tmp_path: Path) -> None:
    declaration = read(tmp_path, changed(GUIDED_AT, [300, 990])).declaration
    told = {
        name: panel.told(place)
        for name in SAMPLED["figures"]
        for place in [Place(declaration, name)]
        for panel in place.panels()
    }
    assert "guidance 7 from t = 990 to 300" in told["guided"]
    place = Place(declaration, "guided")
    (picture,) = place.panels()[0].shown_as(place)
    assert ("guided at t", "990 to 300") in picture.settings
    assert "without guidance" in told["samples"]


def test_an_interval_upside_down_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read(tmp_path, changed(GUIDED_AT, [990, 300]))
    message = "backends.small.guidance_interval is [990, 300]; expected the lowest t, then the"
    assert message in str(error.value)


def test_an_interval_upside_down_of_the_pocket_models_measure_is_refused() -> None:
    with pytest.raises(BadInput, match=r"is \[990, 300\]; expected the lowest t, then the highest"):
        real_file().settle("quick", ["pocket.measure.guidance_interval=[990, 300]"])
