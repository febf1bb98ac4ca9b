"""The pictures a panel is shown as, in order, with all that stands beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.declaration import Declaration
from flows.declaration.annotated_panels import AnnotatedPanel
from flows.declaration.figures import Panel, drawn_ids
from flows.declaration.pocket_panels import PocketPanel
from flows.declaration.trajectory_panels import TrajectoryPanel
from flows.figures.annotated_captions import annotated_caption
from flows.figures.annotated_nodes import ANNOTATED_TITLES
from flows.figures.captions import caption
from flows.figures.figure_nodes import panel_title
from flows.figures.text_to_image.captions import Told, captions
from flows.figures.text_to_image.panel_settings import settings_of_each
from flows.figures.text_to_image.titles import titles
from flows.nodes.pocket_nodes import POCKET_TITLES, pocket_caption


@dataclass(frozen=True)
class ShownPanel:
    """node: the one that draws it. settings: name and value of each parameter, for panels whose
    drawing has others than the panel; empty where the drawing's are the panel's."""

    id: str
    plot: str
    title: str
    caption: str
    node: str
    settings: Sequence[tuple[str, str]] = ()


def node_names(figure_id: str, panel: Panel) -> list[str]:
    """The figure nodes of a panel, in the order in which they are shown."""
    return [f"figure/{figure_id}/{drawn_id}" for drawn_id in drawn_ids(panel)]


def shown_panels(declaration: Declaration, figure_id: str, panel: Panel) -> list[ShownPanel]:
    figure = declaration.figures[figure_id]
    names = node_names(figure_id, panel)
    if isinstance(panel, PocketPanel):
        title, text = panel.title or POCKET_TITLES[panel.plot], pocket_caption(declaration, panel)
        return [ShownPanel(drawn_ids(panel)[0], panel.plot, title, text, names[0])]
    if isinstance(panel, AnnotatedPanel):
        title = panel.title or ANNOTATED_TITLES[panel.plot]
        text = annotated_caption(declaration, panel, figure.seed)
        return [ShownPanel(drawn_ids(panel)[0], panel.plot, title, text, names[0])]
    if not isinstance(panel, TrajectoryPanel):
        text = caption(declaration, panel, figure.seed)
        (drawn_id,) = drawn_ids(panel)
        return [ShownPanel(drawn_id, panel.plot, panel_title(panel), text, names[0])]
    told = Told(declaration, figure, panel)
    return [
        ShownPanel(drawn_id, plot, title, text, name, settings)
        for drawn_id, (plot, title), text, name, settings in zip(
            drawn_ids(panel),
            titles(panel),
            captions(told),
            names,
            settings_of_each(told),
            strict=True,
        )
    ]
