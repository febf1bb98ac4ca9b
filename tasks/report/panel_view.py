"""What a page shows of one panel: the picture or a placeholder, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.report.files import Assets
from tasks.report.metrics import Table, measured_beside
from tasks.report.play import play_data, play_file
from tasks.report.run_record import Figure, NodeRecord, Panel, RunRecord
from tasks.report.wording import duration, model_recipe, moment, panel_settings
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store
from tasks.text_to_image.cut_prompt import cut_words

WIDE = 900
"""Pictures wider than this, in CSS pixels, have their caption below instead of beside."""


@dataclass(frozen=True)
class Picture:
    """Addresses of the files of a drawn panel; None for those it does not have."""

    image: str
    dark_image: str | None
    animation: str | None
    data: str | None
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        return self.width > WIDE


@dataclass(frozen=True)
class Fact:
    """One line of a panel's details. node: links the value to that node's row, detail follows."""

    name: str
    value: str
    node: str | None = None
    detail: str = ""
    is_key: bool = False


@dataclass(frozen=True)
class PanelView:
    """anchor: unique on the page."""

    panel: Panel
    anchor: str
    picture: Picture | None
    problem: str
    """Why there is no picture, empty if there is one or it is still to come."""
    error: str
    alt: str
    file_stem: str
    measured: Table | None
    facts: Sequence[Fact]
    play: Mapping[str, Any] | None
    """What readers can do with the picture; see tasks.report.play."""
    play_address: str | None
    """Of the file that holds `play`; None where the page does, or there is nothing to hold."""


def view_panel(
    panel: Panel,
    anchor: str,
    figure: Figure,
    run: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
) -> PanelView:
    node, row = run.nodes.get(panel.node), rows.get(panel.key)
    picture, play, problem, error = None, None, "", ""
    failed = _failed(node, run)
    if node and (node.status == "failed" or (row is None and failed)):
        problem = f"This panel was not drawn: {', '.join(n.name for n in failed)} failed."
        error = "\n".join(n.error for n in failed if n.error)
    elif row is None:
        problem = _why_missing(node)
    else:
        try:
            picture = read_picture(row, store, assets)
            play = play_data(panel.plot, row, rows, store, assets)
        except (CorruptArtifact, KeyError) as damage:
            problem = f"The picture is missing from the store or damaged ({damage}). {_RUN_AGAIN}"
    return PanelView(
        panel=replace(panel, caption=_caption(panel, run, rows)),
        anchor=anchor,
        picture=picture,
        problem=problem,
        error=error,
        alt=str((row.info.get("alt") if row else None) or panel.title),
        file_stem=f"{figure.id}-{panel.id}",
        measured=measured_beside(panel, run, rows),
        facts=_facts(panel, figure, run, rows, node, row),
        play=play,
        play_address=(
            assets.add(play_file(anchor, play), "js") if play and not assets.are_inside else None
        ),
    )


def _caption(panel: Panel, run: RunRecord, rows: Mapping[str, Row]) -> str:
    """With what the model did not read of its prompts."""
    prompts = [rows.get(n.key) for n in run.ancestors(panel.node) if n.kind == "prompt"]
    cut = {
        str(row.params["prompt"]): str(row.info["cut_off"])
        for row in prompts
        if row is not None and row.info.get("cut_off")
    }
    return " ".join([panel.caption, *(cut_words(*each) for each in sorted(cut.items()))]).strip()


_RUN_AGAIN = "Run the pipeline again to make it."


def _failed(node: NodeRecord | None, run: RunRecord) -> list[NodeRecord]:
    """The node itself, or those of its ancestors, whose step failed."""
    if node is None:
        return []
    return [each for each in (node, *run.ancestors(node.name)) if each.status == "failed"]


def _why_missing(node: NodeRecord | None) -> str:
    if node and node.is_still_to_come:
        return ""
    if node and node.status == "skipped":
        return f"This panel was not part of this run. {_RUN_AGAIN}"
    return f"Nothing is recorded in the store for this panel. {_RUN_AGAIN}"


def read_picture(row: Row, store: Store, assets: Assets) -> Picture:
    """CorruptArtifact or KeyError if the picture itself cannot be had; the rest may be missing."""

    def add(name: str) -> str:
        reference = row.objects[name]
        return assets.add(store.read_object(reference), reference.extension)

    def add_if_there(name: str) -> str | None:
        try:
            return add(name)
        except (CorruptArtifact, KeyError):
            return None

    return Picture(
        image=add("image.png"),
        dark_image=add_if_there("image-dark.png"),
        animation=add_if_there("animation.webp"),
        data=add_if_there("data.csv"),
        width=int(row.info.get("width") or 0),
        height=int(row.info.get("height") or 0),
    )


def _facts(
    panel: Panel,
    figure: Figure,
    run: RunRecord,
    rows: Mapping[str, Row],
    node: NodeRecord | None,
    row: Row | None,
) -> list[Fact]:
    ancestors = run.ancestors(panel.node)
    settings = panel.settings or panel_settings(row.params if row else {})
    facts = [Fact(name, value) for name, value in settings]
    facts.append(Fact("seed", str(figure.seed)))
    data = [_dataset_title(name, run) for name in _names(ancestors, "data")]
    if data:
        facts.append(Fact("data", ", ".join(data)))
    facts.append(Fact("profile", f"{run.profile_name}: {run.profile_title}"))
    for name in _names(ancestors, "train"):
        made = rows.get(run.nodes[name].key)
        recipe = model_recipe(made.params) if made else ""
        facts.append(Fact("model", name.partition("/")[2], name, recipe))
    facts.append(Fact("node", panel.node, panel.node))
    facts.append(Fact("key", panel.key, is_key=True))
    if row:
        facts.append(Fact("drawn", f"{moment(row.created_at)}, in {duration(row.seconds)}"))
        facts.append(Fact("made with", _made_with(row, run)))
    seconds = [rows[n.key].seconds for n in ancestors if n.key in rows]
    if seconds:
        facts.append(Fact("its inputs took", duration(sum(seconds))))
    return facts


def _names(nodes: Sequence[NodeRecord], kind: str) -> list[str]:
    return sorted(node.name for node in nodes if node.kind == kind)


def _dataset_title(node: str, run: RunRecord) -> str:
    name = node.partition("/")[2]
    return run.datasets.get(name, name)


def _made_with(row: Row, run: RunRecord) -> str:
    if row.versions and row.versions == run.versions:
        return "the library versions of this run"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(row.versions.items()))
    return versions or "versions not recorded"
