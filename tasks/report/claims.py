"""What the write-ups claim, and what this run measured of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.claims.finding import FAILS, HOLDS, NOT_MEASURABLE, VERDICTS
from tasks.report.files import Assets
from tasks.report.run_record import ClaimRecord, RunRecord
from tasks.report.wording import number, plural, slug
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store

NOT_CHECKED = "not checked"

SYMBOLS = {HOLDS: "✓", FAILS: "✗", NOT_MEASURABLE: "?", NOT_CHECKED: "-"}
"""Beside the word, never in its place."""

CLASSES = {
    HOLDS: "holds",
    FAILS: "fails",
    NOT_MEASURABLE: "not-measurable",
    NOT_CHECKED: "not-checked",
}

MEASURED = "measured.parquet"


@dataclass(frozen=True)
class ClaimView:
    """A claim as a page shows it. facts: name and value of what it was measured with.
    figures: section, title and fragment of those measured.
    measured: address of the table, None without."""

    record: ClaimRecord
    anchor: str
    verdict: str
    because: str
    numbers: Sequence[tuple[str, str]]
    intervals: Sequence[str]
    facts: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, str, str]]
    measured: str | None

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.verdict]

    @property
    def css(self) -> str:
        return CLASSES[self.verdict]


@dataclass(frozen=True)
class WriteUpClaims:
    """name: of the write-up's pipeline. counts: verdict, its class and symbol, how many."""

    name: str
    title: str
    claims: Sequence[ClaimView]

    @property
    def counts(self) -> list[tuple[str, str, str, int]]:
        return count_verdicts(self.claims)


def count_verdicts(claims: Sequence[ClaimView]) -> list[tuple[str, str, str, int]]:
    """Verdict, class, symbol and number, in the order of VERDICTS, none that did not occur."""
    counts = Counter(view.verdict for view in claims)
    return [
        (verdict, CLASSES[verdict], SYMBOLS[verdict], counts[verdict])
        for verdict in (*VERDICTS, NOT_CHECKED)
        if counts[verdict]
    ]


def view_claims(
    run: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
    figure_anchors: Mapping[str, str],
    prefix: str = "",
) -> list[WriteUpClaims]:
    """The claims of a run, write-up by write-up. figure_anchors: figure id to fragment."""
    writeups = list(dict.fromkeys(claim.writeup for claim in run.claims))
    found = []
    for writeup in writeups:
        records = [claim for claim in run.claims if claim.writeup == writeup]
        views = [
            _view(claim, run, rows, store, assets, figure_anchors, prefix) for claim in records
        ]
        found.append(WriteUpClaims(writeup, records[0].writeup_title, views))
    return found


def _view(
    claim: ClaimRecord,
    run: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    assets: Assets,
    figure_anchors: Mapping[str, str],
    prefix: str,
) -> ClaimView:
    node = run.nodes.get(claim.node)
    row = rows.get(node.key) if node is not None else None
    info = row.info if row is not None else {}
    verdict = info.get("verdict")
    figures = {figure.id: figure for figure in run.figures}
    return ClaimView(
        record=claim,
        anchor=f"{prefix}claim-{slug(claim.writeup)}-{slug(claim.id)}",
        verdict=verdict if verdict in VERDICTS else NOT_CHECKED,
        because=info.get("because") or _why_unchecked(claim, run),
        numbers=[
            (name, number(row.metrics[name]))
            for name in info.get("numbers") or ()
            if row is not None and name in row.metrics
        ],
        intervals=[_interval(interval) for interval in info.get("intervals") or ()],
        facts=_facts(claim, run, rows, row),
        figures=[
            (figures[name].section, figures[name].title, figure_anchors[name])
            for name in claim.figures
            if name in figure_anchors and name in figures
        ],
        measured=_table(row, store, assets),
    )


def _interval(interval: Mapping[str, float]) -> str:
    return (
        f"{interval['of']}: {interval['low']:.3f} to {interval['high']:.3f} "
        f"({100 * interval['level']:g} percent, {interval['resamples']:,} bootstrap resamples, "
        f"seed {interval['seed']})"
    )


def _why_unchecked(claim: ClaimRecord, run: RunRecord) -> str:
    node = run.nodes.get(claim.node)
    if node is not None and node.error:
        return node.error
    if node is not None and node.is_still_to_come:
        return "it is still to come"
    failed = [other.name for other in run.ancestors(claim.node) if other.status == "failed"]
    return f"{failed[0]} failed" if failed else "this run did not come to it"


def _facts(
    claim: ClaimRecord, run: RunRecord, rows: Mapping[str, Row], row: Row | None
) -> list[tuple[str, str]]:
    """Seeds, profile, data and models behind a claim."""
    ancestors = run.ancestors(claim.node)
    data = [
        run.datasets[node.name.partition("/")[2]]
        for node in ancestors
        if node.kind == "data" and node.name.partition("/")[2] in run.datasets
    ]
    asked = next((rows[n.key] for n in ancestors if n.kind == "similarity" and n.key in rows), None)
    samples = any(node.kind in ("trajectory", "one_step") for node in ancestors)
    seeds = int(row.info.get("seeds") or 0) if row is not None else 0
    facts = [
        ("seeds", plural(seeds, "seed") if seeds else ""),
        ("profile", run.profile_name),
        ("data", ", ".join(sorted(set(data)))),
        ("model", (run.backend or "") if samples else ""),
        ("similarity by", str(asked.params["model"]["address"]) if asked is not None else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _table(row: Row | None, store: Store, assets: Assets) -> str | None:
    if row is None or MEASURED not in row.objects:
        return None
    try:
        return assets.add(store.read_object(row.objects[MEASURED]), "parquet")
    except (CorruptArtifact, OSError):
        return None
