"""The work of a trajectory in a plan is the number of rows that the engine computes for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tasks.diffusion.trajectories.diffusion_schedule import TimestepSpacing, strided_timesteps
from tasks.diffusion.trajectories.rows import plan_rows
from tasks.diffusion.trajectories.trajectory import Trajectory, combination_from_params
from tasks.store.node import Node
from tests.flows.figures.sampled import changed, nodes_of

SIZE = 64
GUIDED_AT = "backends/small/guidance_interval"


def engine_rows(node: Node) -> int:
    """Each prompt has an embedding of its own; the empty one is the last."""
    inputs = node.inputs
    number = {name: i for i, name in enumerate(sorted(set(inputs.values())))}

    def embeds(role: str) -> torch.Tensor:
        return torch.full((2, 2), float(number[inputs[role]]))

    steps = node.params["timesteps"]
    if steps["kind"] == "strided":
        timesteps = strided_timesteps(steps["first"], steps["stride"])
    else:
        timesteps = TimestepSpacing(1000).timesteps(steps["num_inference_steps"])
    picture = torch.zeros(3, SIZE, SIZE)
    trajectory = Trajectory(
        name=node.name,
        seed=node.seed,
        timesteps=timesteps,
        prompt_embeds=tuple(embeds(r) for r in sorted(inputs) if r.startswith("prompt_")),
        negative_embeds=embeds("unconditional") if "unconditional" in inputs else None,
        guidance_scale=node.params["guidance_scale"],
        combination=combination_from_params(node.params["combination"], SIZE),
        image=picture if "image" in inputs else None,
        i_start=node.params["start"].get("i_start"),
        reference=picture if "reference" in inputs else None,
        snapshots=tuple(node.params["snapshots"]),
    )
    return sum(plan_rows(trajectory).counts(trajectory))


@pytest.mark.parametrize("interval", [None, [300, 660]])
def test_planned_rows_are_those_of_the_engine(tmp_path: Path, interval: list[int] | None) -> None:
    made = nodes_of(tmp_path, changed(GUIDED_AT, interval)).values()
    nodes = [node for node in made if node.kind == "trajectory"]
    assert len(nodes) == 26
    assert {node.name: node.work for node in nodes} == {
        node.name: engine_rows(node) for node in nodes
    }
