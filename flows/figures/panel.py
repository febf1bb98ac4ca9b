"""What every plot answers of its panel, and where in a figure the panel stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from flows.declaration import Declaration
from flows.declaration.figures import AnyPanel, Figure
from flows.declaration.problems import Path
from flows.declaration.text_to_image import TextToImage
from flows.figures.parameters import Problems, problems_in
from flows.nodes.requests import Requests
from flows.nodes.sampling import Sampling
from flows.nodes.trajectory_nodes import TrajectoryNodes
from tasks.store.node import JSON, Node

Nodes = Iterator[Node]
Params = dict[str, JSON]


@dataclass(frozen=True)
class Place:
    """A figure in its declaration."""

    declaration: Declaration
    figure_id: str

    @property
    def figure(self) -> Figure:
        return self.declaration.figures[self.figure_id]

    @property
    def seed(self) -> int:
        """Of the figure."""
        return self.figure.seed

    @property
    def settings(self) -> TextToImage:
        return self.declaration.text_to_image

    def panels(self) -> list[Panel]:
        return cast("list[Panel]", self.figure.panels)


@dataclass(frozen=True)
class Spot(Place):
    """A panel in its figure, and where the nodes of images and of the text-to-image model that it
    needs are asked for."""

    panel: AnyPanel
    nodes: TrajectoryNodes

    @property
    def where(self) -> str:
        return f"{self.figure_id}/{self.panel.name}"

    def picture(self, label: str, wanted: Sampling, *, stage_two: bool = False) -> str:
        """Name of the node that makes a picture, enlarged by the second stage if asked for."""
        where = f"{self.where}/{label}"
        made = self.nodes.trajectory(where, wanted)
        return self.nodes.upscale(where, made, wanted) if stage_two else made

    def drawing(
        self,
        inputs: dict[str, str],
        params: Params | None = None,
        *,
        drawn_id: str | None = None,
        is_seeded: bool = True,
        work: float = 1.0,
    ) -> Node:
        """The node that draws a picture of the panel, `plot` among its parameters.

        is_seeded: whether the picture depends on the figure's seed; a loss curve, which does not,
        is not drawn again for a new one. drawn_id: of the panel itself by default.
        """
        name = f"figure/{self.figure_id}/{drawn_id or self.panel.name}"
        seed = self.seed if is_seeded else 0
        return Node(name, "figure", {"plot": self.panel.plot, **(params or {})}, inputs, seed, work)


@dataclass(frozen=True)
class Picture:
    """One of the pictures of a panel, with all that stands beside it.

    settings: name and value of each parameter, for panels whose drawing has others than the panel;
    empty where the drawing's are the panel's.
    """

    plot: str
    title: str
    caption: str
    settings: Sequence[tuple[str, str]] = ()


class Panel(AnyPanel):
    """A panel of some plot. Each plot's own class, in a module of this package, has its fields,
    and answers what differs from these defaults."""

    heading: ClassVar[str]
    """The title of a panel that gives none."""

    reads_files: ClassVar[bool] = False
    """Whether its nodes read image files or those of the text-to-image model, so that they are made
    only where the panel is wanted."""

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        """What is refused of it beside the rest of the declaration: what is of its parameters,
        unless a plot refuses more."""
        yield from problems_in(declaration, path, self)

    def models_shown(self) -> Sequence[str]:
        """Names of the models of whose checkpoints all measurements are wanted."""
        return ()

    def ask(self, requests: Requests, place: Place) -> None:
        """Add what it shows of checkpoints to `requests`."""

    def draw(self, spot: Spot) -> Nodes:
        """The nodes that draw it, one for each of drawn_ids, each after those that nothing else
        needs."""
        raise NotImplementedError

    def told(self, place: Place) -> str:
        """One or two sentences to stand under it: what is shown, of which model and data, with
        which settings."""
        raise NotImplementedError

    def shown_as(self, place: Place) -> list[Picture]:
        """One for each of drawn_ids."""
        caption = self.caption or self.told(place)
        return [Picture(self.plot, self.title or self.heading, caption)]
