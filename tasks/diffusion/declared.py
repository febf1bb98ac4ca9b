"""What the declaration names: one of a table, with parameters of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tasks import BadInput

T = TypeVar("T")

DECLARED_WIDTH = 64
"""Displacements, kernels and sigmas are in pixels of a picture this wide, that of the first stage,
so that a view or a component is the same in the larger pictures of the second."""


def chosen(
    what: str,
    table: Mapping[str, tuple[Callable[..., T], Mapping[str, Any]]],
    params: Mapping[str, Any],
    also: tuple[str, ...] = (),
) -> tuple[Callable[..., T], dict[str, Any]]:
    """The function that params["name"] names, and its parameters, defaults where none is given.

    also: parameters that the caller takes itself. Raises BadInput for an unknown name or parameter.
    """
    name = params.get("name")
    if name is None or name not in table:
        raise BadInput(f"{what}: name is {name!r}; expected one of {', '.join(table)}")
    function, defaults = table[name]
    given = {key: value for key, value in params.items() if key not in ("name", *also)}
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        allowed = ", ".join([*defaults, *also]) or "no parameters"
        raise BadInput(f"{what}: {name} has no parameter {unknown[0]!r}; expected {allowed}")
    return function, {**defaults, **given}
