"""Every metric: beside a panel, in tables of a run, and as one tidy table to take away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from tasks.report.files import Assets
from tasks.report.run_record import NodeRecord, Panel, RunRecord
from tasks.report.wording import duration, number, percent, plural, spaced
from tasks.store.row import Row
from tasks.store.row_file import arrow_array

KIND_TITLES = {
    "train": "Training",
    "classifier": "Classifier",
    "guide": "Noise-aware classifiers, on test images noised to t",
    "denoise": "Denoising of the test set",
    "sample": "Sampling",
    "evaluate": "Samples as the classifier sees them",
    "variant": "Samples drawn in other ways",
    "schedule": "Signal-to-noise ratio of x_T in dB",
}

_TITLES: dict[str, tuple[str, Callable[[float], str]]] = {
    "frechet_distance": ("Fréchet distance", number),
    "frechet_floor": ("real against real", number),
    "label_accuracy": ("label accuracy", percent),
    "test_accuracy": ("test accuracy", percent),
    "train_accuracy": ("train accuracy", percent),
    "confidence": ("confidence", percent),
    "guide_accuracy": ("accuracy of the guide", percent),
    "clean_accuracy": ("accuracy of a classifier of clean images", percent),
    "mean_pixel": ("mean pixel", percent),
    "data_mean_pixel": ("of the data", percent),
    "start_divergence": ("start off N(0, I), nats", number),
    "class_share": ("share of class", percent),
    "accuracy": ("concepts named rightly", percent),
    "style_accuracy": ("concepts named rightly in every style", percent),
    "accuracy_seed": ("concepts named rightly, by seed", percent),
    "grain": ("grain of samples, 8-bit levels", number),
    "grain_enlarged": ("grain of enlarged samples", number),
    "grain_drawn": ("grain of the pictures trained on", number),
    "onestep_psnr": ("one-step PSNR of photographs in dB at t", number),
    "edit_psnr": ("PSNR of SDEdit in dB from i_start", number),
    "edits_faithful": ("edits nearer the original the larger i_start", percent),
    "hole_psnr": ("PSNR of an inpainted hole in dB", number),
    "enlarged_psnr": ("PSNR enlarged in dB, by noise level", number),
    "bicubic_psnr": ("PSNR bicubic in dB", number),
    "mse": ("test MSE at noise level", number),
    "psnr": ("test PSNR in dB at noise level", number),
    "images_per_second": ("images/s", number),
    "cosine_with_mean": ("cosine with the mean image", number),
    **{
        f"terminal_snr_{name}": (f"{name} schedule, by T", number)
        for name in ("linear", "cosine", "quadratic", "sigmoid")
    },
}
_BESIDE = {
    "train": ("final_loss", "parameters", "images_per_second"),
    "classifier": ("test_accuracy",),
    "denoise": ("cosine_with_mean", "variance_ratio"),
    "evaluate": ("label_accuracy", "frechet_distance", "frechet_floor", "samples"),
    "variant": (
        "label_accuracy",
        "frechet_distance",
        "frechet_floor",
        "mean_pixel",
        "data_mean_pixel",
        "start_divergence",
    ),
}
"""Metrics shown beside the pictures made from a node of that kind, in this order."""

MANY_WAYS = 4
"""From so many ways on, only what tells them apart fits beside the picture."""
_OF_MANY_WAYS = ("label_accuracy", "frechet_distance")

_SWEPT = ("by_classifier_", "classifier_free_")

_FAMILY_MEMBER = re.compile(r"(?P<family>[a-z_]+)_(?P<member>\d+(\.\d+)?)")


@dataclass(frozen=True)
class TableRow:
    """node: the node that was measured, if the label links to it."""

    label: str
    cells: Sequence[str]
    node: str | None = None


@dataclass(frozen=True)
class Table:
    title: str
    header: Sequence[str]
    """One name a column, that of the labels first."""
    rows: Sequence[TableRow]


def family_of(name: str) -> tuple[str, str] | None:
    """Family and member of a metric such as mse_0.5; None for one that stands alone."""
    member = _FAMILY_MEMBER.fullmatch(name)
    return (member["family"], member["member"]) if member else None


def metric_title(name: str) -> str:
    return _TITLES[name][0] if name in _TITLES else spaced(name)


def metric_text(name: str, value: float | None) -> str:
    if value is None:
        return ""
    member = family_of(name)
    known = _TITLES.get(name) or (_TITLES.get(member[0]) if member else None)
    return known[1](value) if known else number(value)


def measured_beside(panel: Panel, run: RunRecord, rows: Mapping[str, Row]) -> Table | None:
    """What was measured of the inputs of a panel; None if nothing was.

    Samples are measured by the evaluation of the same checkpoint, which is no input of the panel.
    """
    record = run.nodes.get(panel.node)
    lines: list[tuple[str, str, dict[str, float]]] = []
    for role, name in sorted((record.inputs if record else {}).items(), key=_by_role):
        node = run.nodes.get(name)
        if node and node.kind == "sample":
            node = run.nodes.get(name.replace("sample/", "evaluate/", 1))
        row = rows.get(node.key) if node else None
        # A sweep over scales is shown as curves, whose data can be saved.
        if node and row and not role.startswith(_SWEPT):
            metrics = telling_metrics(row)
            if metrics:
                lines.append((_role_label(role, name, row), node.name, metrics))
    if not lines:
        return None
    ways = [role for role in record.inputs if role.startswith("way_")] if record else []
    if len(ways) >= MANY_WAYS:
        lines = [
            (label, node, {name: metrics[name] for name in _OF_MANY_WAYS if name in metrics})
            for label, node, metrics in lines
        ]
    table = _table("", "", lines)
    # The column beside a picture is narrow: the longer side goes down.
    return table if len(lines) >= len(table.header) - 1 else turned(table)


def telling_metrics(row: Row) -> dict[str, float]:
    """The few that belong beside a picture; a denoiser's are those at its own noise level."""
    metrics = {name: row.metrics[name] for name in _BESIDE.get(row.kind, ()) if name in row.metrics}
    sigma = (row.params.get("objective") or {}).get("sigma")
    if row.kind == "denoise" and sigma is not None:
        for name, title in (("mse", "test MSE"), ("psnr", "test PSNR (dB)")):
            if f"{name}_{sigma:g}" in row.metrics:
                metrics[f"{title} at {sigma:g}"] = row.metrics[f"{name}_{sigma:g}"]
    if row.kind == "train":
        metrics["time"] = row.seconds
    return metrics


def turned(table: Table) -> Table:
    """Rows to columns."""
    rows = [
        TableRow(name, [row.cells[index] for row in table.rows])
        for index, name in enumerate(table.header[1:])
    ]
    return Table(table.title, ["", *(row.label for row in table.rows)], rows)


def _by_role(item: tuple[str, str]) -> tuple[str, int, str]:
    stem, _, last = item[0].rpartition("_")
    return (stem, int(last), "") if last.isdigit() else (item[0], 0, "")


def _role_label(role: str, name: str, row: Row) -> str:
    if role.startswith("epoch_"):
        return f"epoch {int(role.removeprefix('epoch_'))}"
    if role.startswith("guidance_"):
        scale = (row.params.get("sampler") or {}).get("guidance_scale")
        return f"guidance {scale:g}" if scale is not None else role
    if role.startswith("way_"):
        return name.rpartition("/")[2].replace("-", " ")
    return name.partition("/")[2] or name


def _table(title: str, corner: str, lines: Sequence[tuple[str, str, Mapping[str, float]]]) -> Table:
    """Lines (label, node, metrics) under the union of their metrics, in order of appearance."""
    names = list(dict.fromkeys(name for _, _, metrics in lines for name in metrics))
    rows = [
        TableRow(label, [_cell(name, metrics.get(name)) for name in names], node)
        for label, node, metrics in lines
    ]
    return Table(title, [corner, *map(metric_title, names)], rows)


def _cell(name: str, value: float | None) -> str:
    return duration(value) if name == "time" else metric_text(name, value)


def all_metrics(run: RunRecord, rows: Mapping[str, Row]) -> list[Table]:
    """Every metric of a run: one table a kind, and one for each family such as mse_<sigma>."""
    tables = []
    for kind, kind_title in KIND_TITLES.items():
        found = [(node.name, rows[node.key].metrics) for node in _measured(run, rows, kind)]
        families: dict[str, list[str]] = {}
        for name in sorted({name for _, metrics in found for name in metrics}):
            if (found_in := family_of(name)) is not None:
                families.setdefault(found_in[0], []).append(found_in[1])
        single = [
            (name, name, {m: v for m, v in metrics.items() if family_of(m) is None})
            for name, metrics in found
        ]
        if single := [line for line in single if line[2]]:
            tables.append(_table(kind_title, "node", single))
        for family, members in families.items():
            tables.append(_family_table(kind_title, family, sorted(members, key=float), found))
    return tables


def _family_table(
    kind_title: str,
    family: str,
    members: Sequence[str],
    found: Sequence[tuple[str, Mapping[str, float]]],
) -> Table:
    names = [f"{family}_{member}" for member in members]
    rows = [
        TableRow(node, [metric_text(name, metrics.get(name)) for name in names], node)
        for node, metrics in found
        if any(name in metrics for name in names)
    ]
    return Table(f"{kind_title}: {metric_title(family)}", ["node", *members], rows)


def metrics_csv(run: RunRecord, rows: Mapping[str, Row]) -> bytes | None:
    """node, kind, metric, value for every metric of the run, in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("node", "kind", "metric", "value"))
    count = 0
    for kind in KIND_TITLES:
        for node in _measured(run, rows, kind):
            for name, value in rows[node.key].metrics.items():
                writer.writerow((node.name, kind, name, repr(float(value))))
                count += 1
    return text.getvalue().encode() if count else None


def _measured(run: RunRecord, rows: Mapping[str, Row], kind: str) -> list[NodeRecord]:
    return [
        node
        for node in run.nodes.values()
        if node.kind == kind and node.key in rows and rows[node.key].metrics
    ]


MOST_EMBEDDED = 256 * 1024
"""Bytes of a table up to which a page that is one file holds it to download."""


@dataclass(frozen=True)
class MetricRecord:
    """One number, in full. seed: of the node."""

    pipeline: str
    run: str
    profile: str
    node: str
    kind: str
    metric: str
    value: float
    seed: int


COLUMNS = tuple(field.name for field in fields(MetricRecord))


@dataclass(frozen=True)
class MetricsView:
    """lines: pipeline, node, kind and metric as text, the value as text, and to sort by. csv,
    parquet: addresses, None where too large to be inside the page."""

    lines: Sequence[tuple[str, str, str, str, str, str]]
    csv: str | None
    parquet: str | None
    size: int

    @property
    def summary(self) -> str:
        return plural(len(self.lines), "metric")


def metric_records(runs: Sequence[RunRecord], rows: Mapping[str, Row]) -> list[MetricRecord]:
    return [
        MetricRecord(
            run.pipeline,
            run.run_id,
            run.profile_name,
            node.name,
            node.kind,
            name,
            float(value),
            rows[node.key].seed or 0,
        )
        for run in runs
        for node in run.nodes.values()
        if node.key in rows
        for name, value in rows[node.key].metrics.items()
    ]


def view_metrics(
    records: Sequence[MetricRecord], assets: Assets, most_bytes: int | None = None
) -> MetricsView:
    """most_bytes: of a table that is to be inside the page."""
    tables = {"csv": records_csv(records), "parquet": records_parquet(records)}
    addresses = {
        extension: assets.add(data, extension)
        for extension, data in tables.items()
        if most_bytes is None or len(data) <= most_bytes
    }
    lines = [
        (
            record.pipeline,
            record.node,
            record.kind,
            metric_title(record.metric),
            metric_text(record.metric, record.value),
            repr(record.value),
        )
        for record in records
    ]
    return MetricsView(
        lines, addresses.get("csv"), addresses.get("parquet"), max(map(len, tables.values()))
    )


def records_csv(records: Sequence[MetricRecord]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(record) for record in records)
    return text.getvalue().encode()


def records_parquet(records: Sequence[MetricRecord]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"value": "double", "seed": "int64"}
    columns = {name: [getattr(record, name) for record in records] for name in COLUMNS}
    arrays = [arrow_array(kinds.get(name, "string"), of) for name, of in columns.items()]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(COLUMNS)), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data
