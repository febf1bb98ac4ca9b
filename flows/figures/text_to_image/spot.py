"""A panel in its figure: how its nodes are called, and where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from flows.declaration.figures import Figure
from flows.declaration.text_to_image import TextToImage
from flows.figures.text_to_image.grid import Grid
from flows.nodes.sampling import Sampling
from flows.nodes.trajectory_nodes import TrajectoryNodes
from tasks.store.node import JSON, Node


@dataclass(frozen=True)
class Spot:
    """A panel in its figure, and where the nodes it needs are asked for."""

    nodes: TrajectoryNodes
    figure_id: str
    figure: Figure
    panel_id: str

    @property
    def settings(self) -> TextToImage:
        return self.nodes.settings

    @property
    def seed(self) -> int:
        return self.figure.seed

    @property
    def where(self) -> str:
        return f"{self.figure_id}/{self.panel_id}"

    def picture(self, label: str, wanted: Sampling, *, stage_two: bool = False) -> str:
        """Name of the node that makes a picture, enlarged by the second stage if asked for."""
        where = f"{self.where}/{label}"
        made = self.nodes.trajectory(where, wanted)
        return self.nodes.upscale(where, made, wanted) if stage_two else made

    def figure_node(
        self, drawn_id: str, params: dict[str, JSON], inputs: dict[str, str], work: float = 1.0
    ) -> Node:
        name = f"figure/{self.figure_id}/{drawn_id}"
        return Node(name, "figure", params, inputs, self.seed, work)

    def grid_node(self, drawn_id: str, grid: Grid) -> Node:
        return self.figure_node(drawn_id, grid.params(), grid.inputs())
