"""Checks of lists and names that other parts of the declaration give meaning to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flows.declaration.messages import Path, Problem, show_value
from flows.declaration.nearest import nearest


def check_name(path: Path, name: str, known: Iterable[str], what: str) -> Iterator[Problem]:
    """A problem unless `name` is among those declared. what: such as "data set"."""
    names = list(known)
    if name in names:
        return
    near = nearest(name, names)
    hint = f"nearest: {', '.join(near)}" if near else f"expected one of: {', '.join(names)}"
    yield Problem(path, f"is {show_value(name)}, which is not a declared {what}; {hint}")


def check_distinct(path: Path, values: list[Any]) -> Iterator[Problem]:
    """A problem if one value stands in the list twice."""
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        yield Problem(path, f"holds {show_value(twice[0])} twice; expected each value once")
