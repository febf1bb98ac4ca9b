"""The parts of a network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import Section
from flows.declaration.objectives import EvenWidth, Heads, Multipliers
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.nodes.model_nodes import plain
from tasks.figures.words import join_words
from tasks.store.node import Node

Side = Annotated[int, Field(ge=8, le=512)]


class NetworkSize(Section):
    """A network over images of size x size pixels. hidden_width, multipliers, heads: as of a
    convnext network."""

    channels: Annotated[int, Field(ge=1, le=16)]
    size: Side
    hidden_width: EvenWidth
    multipliers: Multipliers
    heads: Heads = 4


class NetworkSummary(Panel):
    """Shape after each part of the network, and the parameters of the part."""

    heading = "The network, part by part"

    plot: Literal["network_summary"]
    networks: Annotated[list[NetworkSize], Field(min_length=1, max_length=3)]

    def draw(self, spot: Spot) -> Nodes:
        networks = [plain(network) for network in self.networks]
        source = Node(f"network/{spot.where}", "network", {"networks": networks})
        yield source
        yield spot.drawing({"network": source.name}, is_seeded=False)

    def told(self, place: Place) -> str:
        sizes = join_words(
            [
                f"{n.channels} channel{'s' * (n.channels > 1)} at {n.size} pixels"
                for n in self.networks
            ]
        )
        return f"Shapes of a batch of one and parameters, measured by running it: {sizes}."
