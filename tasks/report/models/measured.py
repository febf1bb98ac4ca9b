"""What was measured of a model as a whole: single numbers, and tables of those that go together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tasks.pocket.retrieval_words import MEASURES, SEEN
from tasks.report.metric_tables import Table, TableRow, family_of, metric_text, metric_title
from tasks.report.wording import percent

_RETRIEVAL = re.compile(rf"({'|'.join(MEASURES)})_({'|'.join(SEEN)})")
_FAMILIES = {
    "guide_accuracy": ("t", "On test images noised to t"),
    "accuracy_seed": ("seed", "By seed"),
}
"""What tells members of a family apart, and the title of a table that it comes first in."""


def single_metrics(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    """Title and value of those that stand in no table, by name."""
    return [
        (metric_title(name), metric_text(name, metrics[name]))
        for name in sorted(metrics)
        if not _RETRIEVAL.fullmatch(name) and family_of(name) is None
    ]


def tables_of_metrics(metrics: Mapping[str, float]) -> list[Table]:
    """Shares of right captions by how pictures are seen; and of each family such as
    guide_accuracy_<t> a column, a row a member."""
    return [*_retrieval(metrics), *_families(metrics)]


def _retrieval(metrics: Mapping[str, float]) -> list[Table]:
    seen = [each for each in SEEN if any(f"{measure}_{each}" in metrics for measure in MEASURES)]
    if not seen:
        return []
    rows = [
        TableRow(
            SEEN[each],
            [
                percent(metrics[name]) if (name := f"{measure}_{each}") in metrics else ""
                for measure in MEASURES
            ],
        )
        for each in seen
    ]
    title = "Right captions found for renderings that it was not trained on"
    return [Table(title, ["seen", *MEASURES], rows)]


def _families(metrics: Mapping[str, float]) -> list[Table]:
    members: dict[str, list[str]] = {}
    for name in metrics:
        found = family_of(name)
        if found is not None and not _RETRIEVAL.fullmatch(name):
            members.setdefault(found[0], []).append(found[1])
    together: dict[tuple[str, ...], list[str]] = {}
    for family in sorted(members, reverse=True):
        together.setdefault(tuple(sorted(members[family], key=float)), []).append(family)
    return [_family_table(families, of, metrics) for of, families in together.items()]


def _family_table(
    families: Sequence[str], members: Sequence[str], metrics: Mapping[str, float]
) -> Table:
    corner, title = _FAMILIES.get(families[0], ("", metric_title(families[0])))
    rows = [
        TableRow(member, [metric_text(name, metrics[name]) for name in names])
        for member in members
        for names in [[f"{family}_{member}" for family in families]]
    ]
    return Table(title, [corner, *map(metric_title, families)], rows)
