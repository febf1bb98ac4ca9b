"""What the page of one pipeline shows, put together from its run and the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from tasks.report.claims import ClaimView, WriteUpClaims, count_verdicts, view_claims
from tasks.report.files import Assets
from tasks.report.lineage import Lineage, lineage_of, with_page
from tasks.report.metrics import Table, all_metrics, metrics_csv
from tasks.report.models.cards import ModelCard, model_cards
from tasks.report.panel_view import PanelView, view_panel
from tasks.report.run_record import STILL_TO_COME, Figure, NodeRecord, RunRecord
from tasks.report.wording import duration, moment, plural, unique_anchors
from tasks.store.row import Row
from tasks.store.store import Store

if TYPE_CHECKING:
    from tasks.report.text_view import TextView

PANELS_AT_ONCE = 24
"""Panels that a page shows before the reader scrolls or waits; the rest is filled in later."""
MOST_CONTENTS = 100
"""Figures up to which the table of contents is shown unfolded."""

STATUSES = ("done", "cached", *STILL_TO_COME, "skipped", "failed")


@dataclass(frozen=True)
class SectionView:
    """anchor: unique on the page. is_late: far down on a long page. begins_part: it is the first
    figure of a pipeline that the run's pipeline holds whole."""

    figure: Figure
    anchor: str
    panels: Sequence[PanelView]
    is_late: bool
    begins_part: bool

    @property
    def level(self) -> int:
        """Of its heading; figures of a part stand under the heading of that part."""
        return 3 if self.figure.part else 2


@dataclass(frozen=True)
class NodeView:
    node: NodeRecord
    seconds: str
    made: str
    """When and on what it was made, as its row says."""
    from_rows: Sequence[int]
    """Places in the run's list of nodes of those that it was made from, each once."""


@dataclass(frozen=True)
class PipelineView:
    """file_name: of its page. prefix: starts every anchor, so that pages can be joined to one."""

    run: RunRecord
    file_name: str
    prefix: str
    facts: Sequence[tuple[str, str]]
    counts: Sequence[tuple[str, int]]
    sections: Sequence[SectionView]
    metrics: Sequence[Table]
    metrics_csv: str | None
    nodes: Sequence[NodeView]
    nodes_file: str | None
    """The page of the table of nodes; None where the page itself has it."""
    node_anchors: Mapping[str, str]
    node_addresses: Mapping[str, str]
    """Where a link from this page finds the line of each node."""
    lineage: Lineage
    models: Sequence[ModelCard]
    claims: Sequence[WriteUpClaims]
    started: str
    thumbnail: PanelView | None
    compare_file: str | None
    """The page of this run and the one before it, if there is one."""
    text: TextView | None = None
    """None for a page that is its figures."""

    @property
    def title(self) -> str:
        return self.text.plain_title if self.text else self.run.title

    @property
    def introduction(self) -> str:
        """A sentence or two beside other pages."""
        return self.run.summary or (self.text.introduction if self.text else "")

    @property
    def failed(self) -> list[NodeRecord]:
        return [view.node for view in self.nodes if view.node.status == "failed"]

    @property
    def is_long(self) -> bool:
        return any(section.is_late for section in self.sections)

    @property
    def is_very_long(self) -> bool:
        return len(self.sections) > MOST_CONTENTS

    @property
    def summary(self) -> str:
        """ "21 figures, 64 panels"."""
        panels = sum(len(section.panels) for section in self.sections)
        return f"{plural(len(self.sections), 'figure')}, {plural(panels, 'panel')}"


def view_pipeline(
    run: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
    file_name: str,
    prefix: str = "",
    compare_file: str | None = None,
    nodes_file: str | None = None,
) -> PipelineView:
    panel_names = [f"{figure.id}/{panel.id}" for figure in run.figures for panel in figure.panels]
    panel_anchors = iter(unique_anchors(f"{prefix}panel-", panel_names))
    sections = [
        SectionView(
            figure,
            anchor,
            [
                view_panel(panel, next(panel_anchors), figure, run, rows, store, assets)
                for panel in figure.panels
            ],
            is_late=before >= PANELS_AT_ONCE,
            begins_part=figure.part is not None and figure.part != part_before,
        )
        for figure, part_before, anchor, before in zip(
            run.figures,
            [None, *(figure.part for figure in run.figures)],
            unique_anchors(prefix, [figure.id for figure in run.figures]),
            accumulate((len(figure.panels) for figure in run.figures), initial=0),
            strict=False,  # the last of the sums and of the parts before is after all figures
        )
    ]
    csv = metrics_csv(run, rows)
    names = list(run.nodes)
    node_anchors = dict(zip(names, unique_anchors(f"{prefix}node-", names), strict=True))
    panels = [panel for section in sections for panel in section.panels]
    node_addresses = {name: f"{nodes_file or ''}#{anchor}" for name, anchor in node_anchors.items()}
    shown_at = {panel.panel.node: f"#{panel.anchor}" for panel in panels}
    figure_anchors = {section.figure.id: section.anchor for section in sections}
    claims = view_claims(run, rows, store, assets, figure_anchors, prefix)
    text = None
    if run.text is not None:
        from tasks.report.text_view import view_text

        shown = {section.figure.id: (section.anchor, section.panels) for section in sections}
        checked = {view.record.node: view for writeup in claims for view in writeup.claims}
        text = view_text(run.text, run, rows, store, shown, checked, prefix, PANELS_AT_ONCE)
    with_readers, reader_addresses = with_page(
        run, f"{prefix}start", text.reads if text else (), text.numbers if text else {}
    )
    return PipelineView(
        run=run,
        file_name=file_name,
        prefix=prefix,
        facts=_facts(run),
        counts=_counts(run),
        sections=sections,
        metrics=all_metrics(run, rows),
        metrics_csv=assets.add(csv, "csv") if csv else None,
        nodes=_node_views(run, rows),
        nodes_file=nodes_file,
        node_anchors=node_anchors,
        node_addresses=node_addresses,
        lineage=lineage_of(
            with_readers, figure_anchors, {**node_addresses, **shown_at, **reader_addresses}
        ),
        models=model_cards(run, rows, panels, store, prefix),
        claims=claims,
        started=moment(run.started_at),
        thumbnail=_thumbnail(sections, run.lead),
        compare_file=compare_file,
        text=text,
    )


def _facts(run: RunRecord) -> list[tuple[str, str]]:
    used = {
        node.name.partition("/")[2] for node in run.nodes.values() if node.kind == "data"
    } & run.datasets.keys()
    commit = (run.git_commit or "")[:12]
    facts = [
        ("profile", f"{run.profile_name}: {run.profile_title}"),
        ("data", ", ".join(run.datasets[name] for name in sorted(used)) or "none"),
        ("model", run.backend or ""),
        ("device", run.device),
        ("number format", run.number_format),
        ("run", run.run_id),
        ("started", moment(run.started_at)),
        ("took", duration(run.seconds)),
        ("code", f"{commit}{', with changes' if run.git_dirty else ''}" if commit else ""),
        ("settings changed", ", ".join(run.overrides)),
    ]
    return [(name, value) for name, value in facts if value]


def _counts(run: RunRecord) -> list[tuple[str, int]]:
    counts = Counter(node.status for node in run.nodes.values())
    return [(status, counts[status]) for status in STATUSES if counts[status]]


def _node_views(run: RunRecord, rows: Mapping[str, Row]) -> list[NodeView]:
    places = {name: place for place, name in enumerate(run.nodes)}
    return [_node_view(node, rows.get(node.key), places) for node in run.nodes.values()]


def _node_view(node: NodeRecord, row: Row | None, places: Mapping[str, int]) -> NodeView:
    seconds = row.seconds if row else node.seconds
    made = f"{moment(row.created_at)} on {row.device}, {row.number_format}" if row else ""
    from_rows = [places[name] for name in dict.fromkeys(node.inputs.values()) if name in places]
    return NodeView(node, duration(seconds), made, from_rows)


def _thumbnail(sections: Sequence[SectionView], lead: str | None) -> PanelView | None:
    """The first picture of the figure that is to introduce the page, else the last one of the plot
    that says most at a glance."""
    for section in sections:
        if section.figure.id == lead:
            for panel in section.panels:
                if panel.picture:
                    return panel
    drawn = [panel for section in sections for panel in section.panels if panel.picture]
    for plot in ("animation", "comparison", "samples", "denoised"):
        for panel in reversed(drawn):
            if panel.panel.plot == plot:
                return panel
    return drawn[-1] if drawn else None


_ALIKE = {"profile", "data", "made with", "drawn", "its inputs took", "key"}
"""Facts that nearly all panels share, or that nobody looks for."""


def search_entries(views: Sequence[PipelineView], page: str | None = None) -> list[list[str]]:
    """Title, where it stands, what else is said of it, and address, for the headings of each text
    and for each panel.

    page: the file that the addresses are followed from; None for one that holds all.
    """
    return [
        [title, where, more, f"{'' if page in (None, view.file_name) else view.file_name}#{anchor}"]
        for view in views
        for title, where, more, anchor in (*_headings(view), *_panels(view))
    ]


def _headings(view: PipelineView) -> Iterator[tuple[str, str, str, str]]:
    if view.text is None:
        return
    yield view.title, "The text", view.text.begins, f"{view.prefix}start"
    for entry in view.text.contents:
        where = f"{view.title}, Section {entry.number}"
        yield entry.title.striptags(), where, entry.begins, entry.anchor


def _panels(view: PipelineView) -> Iterator[tuple[str, str, str, str]]:
    for section in view.sections:
        for panel in section.panels:
            yield (
                panel.panel.title or section.figure.title,
                f"{view.title}, {section.figure.heading}",
                " ".join([panel.panel.caption, *_searched(panel)]),
                panel.anchor,
            )


def _searched(panel: PanelView) -> list[str]:
    return [fact.value for fact in panel.facts if fact.name not in _ALIKE]


@dataclass(frozen=True)
class ClaimCell:
    """A claim in one write-up and the address of where it is told; None for no such claim."""

    view: ClaimView
    address: str


@dataclass(frozen=True)
class ClaimsSummary:
    """writeups: titles. rows: the claim's words, and a cell for each write-up."""

    writeups: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ClaimCell | None]]]

    @property
    def counts(self) -> list[tuple[str, str, str, int]]:
        return count_verdicts([cell.view for _, cells in self.rows for cell in cells if cell])


def claims_summary(views: Sequence[PipelineView], is_single: bool = False) -> ClaimsSummary:
    """A write-up that two pipelines have checked is told from its own page."""
    found: dict[str, tuple[str, dict[str, ClaimCell]]] = {}
    words: dict[str, str] = {}
    own_last = sorted(views, key=lambda view: view.run.pipeline in _checked(view))
    for view in own_last:
        page = "" if is_single else view.file_name
        for writeup in view.claims:
            is_own = writeup.name == view.run.pipeline
            if writeup.name in found and not is_own:
                continue
            cells = {
                claim.record.id: ClaimCell(claim, f"{page}#{claim.anchor}")
                for claim in writeup.claims
            }
            found[writeup.name] = (writeup.title, cells)
            words.update({claim.record.id: claim.record.claim for claim in writeup.claims})
    names = sorted(found)
    return ClaimsSummary(
        [found[name][0] for name in names],
        [
            (text, [found[name][1].get(claim_id) for name in names])
            for claim_id, text in words.items()
        ],
    )


def _checked(view: PipelineView) -> list[str]:
    return [writeup.name for writeup in view.claims]
