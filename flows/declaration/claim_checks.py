"""Checks of claims: the write-ups they are checked on are declared pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.document import Declaration
from flows.declaration.messages import Problem
from flows.declaration.references import check_distinct, check_name


def check_claims(declaration: Declaration) -> Iterator[Problem]:
    """Problems of what claims name."""
    for name, claim in declaration.claims.items():
        path = ("claims", name)
        yield from check_distinct((*path, "writeups"), claim.writeups)
        yield from check_distinct((*path, "more_seeds"), claim.more_seeds)
        for index, writeup in enumerate(claim.writeups):
            where = (*path, "writeups", str(index))
            yield from check_name(where, writeup, declaration.pipelines, "pipeline")
