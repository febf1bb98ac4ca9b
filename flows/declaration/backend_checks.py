"""Checks of backends: one is in use, and it is declared."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.document import Declaration
from flows.declaration.messages import Problem
from flows.declaration.references import check_name


def check_backends(declaration: Declaration) -> Iterator[Problem]:
    """Problems of the choice among the backends."""
    if declaration.backend is not None:
        yield from check_name(("backend",), declaration.backend, declaration.backends, "backend")
    elif declaration.backends:
        names = ", ".join(declaration.backends)
        yield Problem(("backend",), f"is missing; expected one of: {names}")
