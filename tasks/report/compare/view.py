"""What the page of two runs shows, put together from what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.report.assets import Assets
from tasks.report.compare.run_difference import ImagePair, Metric, RunDiff
from tasks.report.metric_tables import metric_text, metric_title
from tasks.report.run_record import Figure, Panel, RunRecord
from tasks.report.wording import duration, moment, plain, plural
from tasks.store import CorruptArtifact
from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store

STILL = "image.png"


@dataclass(frozen=True)
class Side:
    """One of the two runs. label: "A" or "B"."""

    label: str
    run: RunRecord
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class MetricLine:
    """All of it as text; difference and change are empty where one side is missing."""

    node: str
    name: str
    a: str
    b: str
    difference: str
    change: str


@dataclass(frozen=True)
class ShownImage:
    """address: empty where there is no picture, and `problem` says why."""

    label: str
    address: str
    alt: str
    width: int
    height: int
    problem: str = ""


@dataclass(frozen=True)
class Pair:
    title: str
    where: str
    images: tuple[ShownImage, ShownImage]

    @property
    def is_whole(self) -> bool:
        return all(image.address for image in self.images)


@dataclass(frozen=True)
class ComparisonView:
    """equal_metrics: those that agree. equal_images: how many panels show the same picture."""

    title: str
    sides: tuple[Side, Side]
    settings: Sequence[tuple[str, str, str, str]]
    metrics: Sequence[MetricLine]
    equal_metrics: Sequence[MetricLine]
    pairs: Sequence[Pair]
    equal_images: int
    only: Sequence[tuple[str, Sequence[str]]]
    """What is said of some nodes, and their names."""

    @property
    def summary(self) -> str:
        counts = (
            (len(self.settings), "setting"),
            (len(self.metrics), "metric"),
            (len(self.pairs), "picture"),
        )
        told = [plural(count, noun) for count, noun in counts if count]
        if not told:
            return "Nothing that the store holds of these runs differs."
        verb = "differs" if len(told) == 1 and told[0].startswith("1 ") else "differ"
        return f"{', '.join(told)} {verb}."


def view_comparison(
    diff: RunDiff,
    run_a: RunRecord,
    run_b: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
) -> ComparisonView:
    """diff: with its equal metrics."""
    lines = [(metric, _metric_line(metric)) for metric in diff.metrics]
    panels = [_panels(run) for run in (run_a, run_b)]
    stills = [pair for pair in diff.images if pair.name == STILL]
    drawn = {place for of in panels for place, (_, panel) in of.items() if panel.key in rows}
    return ComparisonView(
        title=run_b.title if run_a.title == run_b.title else f"{run_a.title} and {run_b.title}",
        sides=(_side("A", run_a), _side("B", run_b)),
        settings=[(s.node, s.name, plain(s.a), plain(s.b)) for s in diff.settings],
        metrics=[line for metric, line in lines if metric.a != metric.b],
        equal_metrics=[line for metric, line in lines if metric.a == metric.b],
        pairs=[_pair(pair, panels, rows, store, assets) for pair in stills],
        equal_images=len(drawn - {(pair.figure, pair.panel) for pair in stills}),
        only=[
            (said, names)
            for said, names in (
                ("Nodes of run A alone", diff.only_a),
                ("Nodes of run B alone", diff.only_b),
                ("Nodes of which the store no longer holds one side", diff.not_held),
            )
            if names
        ],
    )


def _side(label: str, run: RunRecord) -> Side:
    facts = [
        ("run", run.run_id),
        ("pipeline", run.pipeline),
        ("profile", f"{run.profile_name}: {run.profile_title}"),
        ("model", run.backend or ""),
        ("started", moment(run.started_at)),
        ("took", duration(run.seconds)),
        ("device", f"{run.device}, {run.number_format}"),
        ("settings changed", ", ".join(run.overrides)),
    ]
    return Side(label, run, [(name, value) for name, value in facts if value])


def _metric_line(metric: Metric) -> MetricLine:
    difference = metric.difference
    share = difference / abs(metric.a) if difference is not None and metric.a else None
    return MetricLine(
        node=metric.node,
        name=metric_title(metric.name),
        a=metric_text(metric.name, metric.a),
        b=metric_text(metric.name, metric.b),
        difference="" if difference is None else f"{difference:+.4g}",
        change="" if share is None else f"{share * 100:+.3g} %",
    )


Place = tuple[str, str]


def _panels(run: RunRecord) -> dict[Place, tuple[Figure, Panel]]:
    return {
        (figure.id, panel.id): (figure, panel) for figure in run.figures for panel in figure.panels
    }


def _pair(
    pair: ImagePair,
    panels: Sequence[Mapping[Place, tuple[Figure, Panel]]],
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
) -> Pair:
    place = (pair.figure, pair.panel)
    figure, panel = next(of[place] for of in reversed(panels) if place in of)
    image_a, image_b = (
        _image(label, reference, of.get(place), rows, store, assets)
        for label, reference, of in zip("AB", (pair.a, pair.b), panels, strict=True)
    )
    where = f"{figure.section} {figure.title}"
    return Pair(panel.title or figure.title, where, (image_a, image_b))


def _image(
    label: str,
    reference: ObjectRef | None,
    found: tuple[Figure, Panel] | None,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
) -> ShownImage:
    if found is None:
        return ShownImage(label, "", "", 0, 0, f"Run {label} has no such panel.")
    row = rows.get(found[1].key)
    if row is None or reference is None:
        return ShownImage(label, "", "", 0, 0, f"The store holds no picture of run {label}.")
    try:
        address = assets.add(store.read_object(reference), reference.extension)
    except (CorruptArtifact, KeyError) as damage:
        problem = f"The picture of run {label} is missing or damaged ({damage})."
        return ShownImage(label, "", "", 0, 0, problem)
    return ShownImage(
        label,
        address,
        f"Run {label}: {row.info.get('alt') or found[1].title}",
        int(row.info.get("width") or 0),
        int(row.info.get("height") or 0),
    )
