"""The figure nodes of a text-to-image panel, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flows.declaration.figures import Figure, panel_id
from flows.declaration.trajectory_panels import (
    Anagram,
    Blur,
    Factorized,
    Forward,
    Hybrid,
    Inpainting,
    Iterative,
    Methods,
    OneStep,
    PromptRow,
    PromptSamples,
    Sdedit,
    StepCounts,
    TextEdit,
    TrajectoryPanel,
)
from flows.figures.text_to_image.edits import inpainting_nodes, sdedit_nodes, text_edit_nodes
from flows.figures.text_to_image.illusions import anagram_nodes, factorized_nodes, hybrid_nodes
from flows.figures.text_to_image.prompted import (
    prompt_samples_nodes,
    prompts_nodes,
    step_counts_nodes,
)
from flows.figures.text_to_image.restoration import (
    blur_nodes,
    forward_nodes,
    iterative_nodes,
    methods_nodes,
    one_step_nodes,
)
from flows.figures.text_to_image.spot import Spot
from flows.nodes.trajectory_nodes import TrajectoryNodes
from tasks.store.node import Node

_EXPAND: dict[type[TrajectoryPanel], Callable[[Spot, Any], Iterator[Node]]] = {
    StepCounts: step_counts_nodes,
    PromptRow: prompts_nodes,
    Forward: forward_nodes,
    Blur: blur_nodes,
    OneStep: one_step_nodes,
    Iterative: iterative_nodes,
    Methods: methods_nodes,
    PromptSamples: prompt_samples_nodes,
    Sdedit: sdedit_nodes,
    TextEdit: text_edit_nodes,
    Inpainting: inpainting_nodes,
    Anagram: anagram_nodes,
    Hybrid: hybrid_nodes,
    Factorized: factorized_nodes,
}


def panel_nodes(
    nodes: TrajectoryNodes, figure_id: str, figure: Figure, panel: TrajectoryPanel
) -> list[Node]:
    """One for each of flows.declaration.figures.drawn_ids; what they need is added to `nodes`."""
    spot = Spot(nodes, figure_id, figure, panel_id(panel))
    return list(_EXPAND[type(panel)](spot, panel))
