"""Every metric of every pipeline as one tidy table: to sort on a page, and to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from tasks.report.assets import Assets
from tasks.report.metric_tables import metric_text, metric_title
from tasks.report.run_record import RunRecord
from tasks.report.wording import plural
from tasks.store.row import Row
from tasks.store.row_file import arrow_array

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
