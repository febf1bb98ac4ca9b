"""How the claims of a run came out: by write-up, each with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flows.run.run import Run
from tasks.claims.finding import VERDICTS

Verdicts = dict[str, dict[str, str | None]]
"""Write-up to claim to one of VERDICTS; None for one that this run did not come to check."""

NOT_CHECKED = "not checked"


def verdicts_of(run: Run) -> Verdicts:
    """Of every claim in the run's plan, as the store records them."""
    planned = [node for node in run.plan.nodes if node.node.kind == "claim"]
    made = [node for node in planned if run.outcome(node).status in ("done", "cached")]
    rows = {node.key: node.row for node in made if node.is_hit and node.row is not None}
    if len(rows) < len(made):
        rows = run.store.rows().select([node.key for node in made])
    verdicts: Verdicts = {}
    for node in planned:
        _, writeup, claim_id = node.name.split("/")
        row = rows.get(node.key)
        found = verdicts.setdefault(writeup, {})
        found[claim_id] = None if row is None else row.info.get("verdict")
    return verdicts


def claims_line(verdicts: Mapping[str, Mapping[str, str | None]]) -> str | None:
    """ "claims: 19 hold, 2 do not hold here", in the order of VERDICTS; None if there are none."""
    counts = Counter(
        verdict or NOT_CHECKED for found in verdicts.values() for verdict in found.values()
    )
    if not counts:
        return None
    words = dict(zip(VERDICTS, ("hold", "do not hold here", "not measurable here"), strict=True))
    told = [
        f"{counts[verdict]} {words.get(verdict, verdict)}"
        for verdict in (*VERDICTS, NOT_CHECKED)
        if counts[verdict]
    ]
    return f"claims: {', '.join(told)}"
