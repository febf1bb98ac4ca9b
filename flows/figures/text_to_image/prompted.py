"""Figures of pictures drawn from noise to a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.trajectory_panels import PromptRow, PromptSamples, StepCounts
from flows.figures.text_to_image.grid import Cell, Grid
from flows.figures.text_to_image.spot import Spot
from flows.figures.text_to_image.wanted import guidance_of, prompt_of, sample_seeds
from flows.nodes.sampling import Sampling
from flows.nodes.slugs import slug
from tasks.store.node import Node

STAGES = ("stage I", "stage II")


def step_counts_nodes(spot: Spot, panel: StepCounts) -> Iterator[Node]:
    """A row a prompt, or two where the second stage enlarges what the first made."""
    rows: list[list[Cell | None]] = []
    labels: list[str] = []
    for prompt in panel.prompts:
        for stage in STAGES[: 2 if panel.stage_two else 1]:
            rows.append(
                [
                    Cell(_of_prompt(spot, panel, prompt, steps, stage_two=stage == STAGES[1]))
                    for steps in panel.steps
                ]
            )
            labels.append(f"{prompt}, {stage}" if panel.stage_two else prompt)
    columns = [f"{steps} step{'s' * (steps != 1)}" for steps in panel.steps]
    yield spot.grid_node(spot.panel_id, Grid(rows, labels, columns))


def prompts_nodes(spot: Spot, panel: PromptRow) -> Iterator[Node]:
    row = [
        Cell(_of_prompt(spot, panel, prompt, panel.steps, stage_two=panel.stage_two), prompt)
        for prompt in panel.prompts
    ]
    yield spot.grid_node(spot.panel_id, Grid([row]))


def prompt_samples_nodes(spot: Spot, panel: PromptSamples) -> Iterator[Node]:
    seeds = sample_seeds(panel, spot.seed)
    prompt = prompt_of(spot.settings, panel)
    row = [
        Cell(
            spot.picture(
                f"seed-{seed}",
                Sampling([prompt], seed, guidance_of(spot.settings, panel)),
                stage_two=panel.stage_two,
            )
        )
        for seed in seeds
    ]
    yield spot.grid_node(
        spot.panel_id, Grid([row], column_labels=[f"seed {seed}" for seed in seeds])
    )


def _of_prompt(
    spot: Spot, panel: StepCounts | PromptRow, prompt: str, steps: int, *, stage_two: bool
) -> str:
    wanted = Sampling([prompt], spot.seed, guidance_of(spot.settings, panel), steps=steps)
    return spot.picture(f"{slug(prompt)}-{steps:03d}-steps", wanted, stage_two=stage_two)
