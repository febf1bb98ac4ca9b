"""What differs between two runs: settings, metrics, images, nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tasks.report.run_record import RunRecord
from tasks.store.node import JSON, Difference, Identity, differences
from tasks.store.row import ObjectRef, Row

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
