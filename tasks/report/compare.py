"""Two runs side by side: what differs, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tasks.report.files import Assets, EmbeddedAssets, inside_page, render
from tasks.report.metrics import metric_text, metric_title
from tasks.report.run_record import Figure, Panel, RunRecord
from tasks.report.wording import duration, moment, plain, plural
from tasks.store import CorruptArtifact
from tasks.store.node import JSON, Difference, Identity, differences
from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store

IMAGES = ("png", "webp")
RUN = ""
"""The name under which settings of a whole run are listed among those of nodes."""


@dataclass(frozen=True)
class Setting:
    """A parameter, or another ingredient of a node's key, that differs. node: empty for one of the
    whole run. a, b: None for what is not there."""

    node: str
    name: str
    a: JSON
    b: JSON


@dataclass(frozen=True)
class Metric:
    """difference: b - a, None where one is missing."""

    node: str
    name: str
    a: float | None
    b: float | None

    @property
    def difference(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class ImagePair:
    """An image of a figure that differs. a, b: None where one is not in the store."""

    figure: str
    panel: str
    name: str
    a: ObjectRef | None
    b: ObjectRef | None


@dataclass(frozen=True)
class RunDiff:
    """only_a, only_b: nodes of one run alone. not_held: nodes of which the store no longer holds
    one side, so that nothing can be said of them."""

    a: Row
    b: Row
    settings: list[Setting] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    images: list[ImagePair] = field(default_factory=list)
    only_a: list[str] = field(default_factory=list)
    only_b: list[str] = field(default_factory=list)
    not_held: list[str] = field(default_factory=list)


def difference_of(
    a: Row,
    run_a: RunRecord,
    b: Row,
    run_b: RunRecord,
    rows: Mapping[str, Row],
    *,
    with_equal_metrics: bool = False,
) -> RunDiff:
    """a, b: rows of the runs. rows: by key, of what they made. with_equal_metrics: list also the
    metrics that agree."""
    common = [name for name in run_b.nodes if name in run_a.nodes]
    pairs = {name: (run_a.nodes[name].key, run_b.nodes[name].key) for name in common}
    held = {
        name: (rows[old], rows[new])
        for name, (old, new) in pairs.items()
        if old in rows and new in rows
    }
    return RunDiff(
        a=a,
        b=b,
        settings=[*_run_settings(run_a, run_b), *_node_settings(held)],
        metrics=[
            metric
            for name, (old, new) in held.items()
            for metric in _metrics(name, old, new)
            if with_equal_metrics or metric.a != metric.b
        ],
        images=list(_images(rows, run_a, run_b)),
        only_a=[name for name in run_a.nodes if name not in run_b.nodes],
        only_b=[name for name in run_b.nodes if name not in run_a.nodes],
        not_held=[name for name, (old, new) in pairs.items() if old != new and name not in held],
    )


def _run_settings(run_a: RunRecord, run_b: RunRecord) -> Iterator[Setting]:
    pairs: dict[str, tuple[JSON, JSON]] = {
        "pipeline": (run_a.pipeline, run_b.pipeline),
        "profile": (run_a.profile_name, run_b.profile_name),
        "overrides": (list(run_a.overrides), list(run_b.overrides)),
        "device": (run_a.device, run_b.device),
        "number format": (run_a.number_format, run_b.number_format),
        "host": (run_a.host, run_b.host),
        "code": (_code(run_a), _code(run_b)),
    }
    for name in sorted({*run_a.versions, *run_b.versions}):
        pairs[f"version of {name}"] = (run_a.versions.get(name), run_b.versions.get(name))
    for name, (old, new) in pairs.items():
        if old != new:
            yield Setting(RUN, name, old, new)


def _code(run: RunRecord) -> str | None:
    if run.git_commit is None:
        return None
    return run.git_commit[:12] + (" with changes" if run.git_dirty else "")


def _node_settings(held: Mapping[str, tuple[Row, Row]]) -> Iterator[Setting]:
    """Inputs are left out: what made them differ is listed with the input."""
    for name, (old, new) in held.items():
        if old.key == new.key:
            continue
        try:
            before, after = Identity.from_json(old.identity), Identity.from_json(new.identity)
            found = list(differences(before, after))
        except (ValueError, TypeError, AttributeError):
            continue  # recorded by a version of Darkroom that names other ingredients
        for difference in found:
            if difference.what != "input":
                yield Setting(name, _name(difference), difference.before, difference.after)


def _name(difference: Difference) -> str:
    if difference.what in ("code", "library"):
        return f"{difference.what} {difference.name}"
    return difference.name or difference.what


def _metrics(name: str, old: Row, new: Row) -> Iterator[Metric]:
    for metric in [*new.metrics, *(other for other in old.metrics if other not in new.metrics)]:
        yield Metric(name, metric, old.metrics.get(metric), new.metrics.get(metric))


def _images(rows: Mapping[str, Row], run_a: RunRecord, run_b: RunRecord) -> Iterator[ImagePair]:
    keys_a = {(f.id, p.id): p.key for f in run_a.figures for p in f.panels}
    keys_b = {(f.id, p.id): p.key for f in run_b.figures for p in f.panels}
    for panel in [*keys_b, *(panel for panel in keys_a if panel not in keys_b)]:
        old, new = (_image_objects(rows, keys.get(panel)) for keys in (keys_a, keys_b))
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield ImagePair(*panel, name, old.get(name), new.get(name))


def _image_objects(rows: Mapping[str, Row], key: str | None) -> dict[str, ObjectRef]:
    row = rows.get(key) if key is not None else None
    objects = row.objects.items() if row is not None else ()
    return {name: ref for name, ref in objects if ref.extension in IMAGES}


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


RecordedRun = tuple[Row, RunRecord]


def comparison_page(store: Store, rows: Mapping[str, Row], a: RecordedRun, b: RecordedRun) -> bytes:
    """HTML with everything inside. rows: by key, of what the runs made."""
    diff = difference_of(*a, *b, rows, with_equal_metrics=True)
    view = view_comparison(diff, a[1], b[1], rows, store, EmbeddedAssets())
    return render("compare.html", view=view, pipeline_file=None, **inside_page())
