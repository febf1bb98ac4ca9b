"""What a claim is measured on: nodes of one write-up's figures, found in the expanded graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flows.declaration import Declaration
from flows.declaration.claims import Claim
from flows.declaration.figures import Figure
from flows.figures.panel import Panel, Place, Spot
from flows.nodes.trajectory_nodes import TrajectoryNodes
from tasks.claims.registry import Registry
from tasks.store.node import JSON, Node

P = TypeVar("P", bound=Panel)


class NotShown(Exception):
    """The write-up's figures have nothing the claim can be measured on; the message says what."""


class NodeName(str):
    """Of an entry: a value that names a node, which becomes the role of an input."""


@dataclass(frozen=True)
class Shown(Generic[P]):
    """A panel of the write-up. node: the figure node that draws it."""

    figure_id: str
    figure: Figure
    panel: P
    node: Node

    def input(self, role: str) -> NodeName:
        """The node that the figure node has in a role."""
        return NodeName(self.node.inputs[role])


@dataclass(frozen=True)
class Pictures:
    """Pictures to be compared with prompts. pictures: {"node", "side", "view"}, of which side and
    view may be null."""

    pictures: Sequence[Mapping[str, JSON]]
    prompts: Sequence[str]


@dataclass(frozen=True)
class Evidence:
    """entries: what the claim's definition reads, in plain values and names of nodes.
    panels: those it was taken from. similarity: what has to be compared with prompts, of which the
    table becomes the input "similarity"."""

    entries: Sequence[dict[str, JSON]]
    panels: Sequence[Shown[Any]]
    similarity: Pictures | None = None


gathers: Registry[Callable[[WriteUp], Evidence]] = Registry("flows.claims")
"""What a claim is measured on; raises NotShown. Its definition is of the same name in
tasks.claims."""


class WriteUp:
    """One write-up of the expanded declaration, and the claim that is being gathered for.

    drawn: nodes that draw its panels, by name.
    """

    def __init__(
        self,
        declaration: Declaration,
        figures: Sequence[str],
        drawn: Mapping[str, Node],
        trajectories: TrajectoryNodes,
        claim: Claim,
    ) -> None:
        self.declaration = declaration
        self.claim = claim
        self.trajectories = trajectories
        self._figures = figures
        self._drawn = drawn

    def panels(self, kind: type[P] | tuple[type[P], ...]) -> Iterator[Shown[P]]:
        """The write-up's panels of a kind, in reading order."""
        for figure_id in self._figures:
            place = Place(self.declaration, figure_id)
            for panel in place.panels():
                if isinstance(panel, kind):
                    node = self._drawn[f"figure/{figure_id}/{panel.name}"]
                    yield Shown(figure_id, place.figure, panel, node)

    def shown(self, kind: type[P], words: str) -> list[Shown[P]]:
        """The same as a list. Raises NotShown, with `words` for such a panel, if there is none."""
        found = list(self.panels(kind))
        if not found:
            raise nothing_shows(words)
        return found

    def node(self, name: str) -> Node:
        """A node of the text-to-image model, or of an image."""
        return self.trajectories.node(name)

    def spot(self, shown: Shown[Any]) -> Spot:
        """Where further pictures of a panel are asked for."""
        return Spot(self.declaration, shown.figure_id, shown.panel, self.trajectories)

    def cells(self, shown: Shown[Any]) -> list[list[tuple[NodeName, Mapping[str, JSON]] | None]]:
        """Of a sheet of pictures: in rows, the node and the cell of each place, None for one that
        holds no picture of a node."""
        params, inputs = shown.node.params, shown.node.inputs
        found = [
            None if cell["role"] is None else (NodeName(inputs[cell["role"]]), cell)
            for cell in params["cells"]
        ]
        columns = int(params["columns"])
        return [found[start : start + columns] for start in range(0, len(found), columns)]

    def trajectories_of(self, shown: Shown[Any]) -> list[Node]:
        """Every trajectory behind a sheet of pictures, each once: before it was enlarged, and all
        tries of which one was chosen."""
        found: dict[str, Node] = {}
        waiting: list[str] = [cell[0] for row in self.cells(shown) for cell in row if cell]
        while waiting:
            node = self.node(waiting.pop(0))
            if node.kind == "trajectory":
                found[node.name] = node
            elif node.kind in ("upscale", "choice"):
                waiting += [
                    name
                    for role, name in node.inputs.items()
                    if role == "image" or role.startswith("try_")
                ]
        return list(found.values())

    def prompts_of(self, node: Node) -> list[str]:
        """The texts a picture was made for, in the order of its combination."""
        roles = sorted(
            (role for role in node.inputs if role.startswith("prompt_")),
            key=lambda role: int(role.removeprefix("prompt_")),
        )
        return [str(self.node(node.inputs[role]).params["prompt"]) for role in roles]


def nothing_shows(words: str) -> NotShown:
    """words: for what no figure of the write-up shows."""
    return NotShown(f"no figure of this write-up shows {words}")


def image_of(node: Node) -> str:
    """Id of the image that a trajectory starts from."""
    return node.inputs["image"].removeprefix("image/")
