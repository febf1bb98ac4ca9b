"""Checks made before any step of a run starts, of what a step could only fail on later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.running.kinds import KINDS, import_function

Preflight = Callable[[Sequence[Mapping[str, Any]], "Surroundings"], None]
"""Given the parameters of all nodes it is to look at; raises BadInput."""


@dataclass(frozen=True)
class Surroundings:
    """What all steps of a run find.

    device: "cpu", "cuda" or "mps". project_root: the folder of pipelines.yaml, absolute, which
    relative addresses of models and images are relative to. data_root: where data sets of the
    hub's schema lie, or None. image_files: SHA-256 of each image file to where it lies.
    """

    device: str
    project_root: Path
    data_root: str | None = None
    image_files: Mapping[str, Any] = field(default_factory=dict)


def check_before_making(
    nodes: Iterable[tuple[str, Mapping[str, Any]]], surroundings: Surroundings
) -> None:
    """nodes: kind and parameters of each that is to be made. Raises BadInput.

    Kinds that name one preflight are looked at together, so that it can say at once what all of
    them lack, and asks the hub once for a model that a hundred nodes use.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for kind, params in nodes:
        if address := KINDS[kind].preflight:
            groups.setdefault(address, []).append(params)
    for address, group in groups.items():
        preflight: Preflight = import_function(address)
        preflight(group, surroundings)
