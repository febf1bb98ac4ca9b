"""The settings of a model and of a panel, as a reader would say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.pocket.phase_order import ORDER
from tasks.report.wording import plain, spaced

_ELSEWHERE = {"network", "objective", "checkpoints"}
_NOT_SETTINGS = {
    "plot",
    "title",
    "label",
    "label_classes",
    "labels",
    "seed",
    "caption",
    "alt",
    "published",
}


def model_recipe(params: Mapping[str, Any]) -> str:
    """How a model was trained: network, objective and training, one clause each, or its phases."""
    if "phases" in params:
        return _phases(params["phases"])
    network, objective = dict(params.get("network") or {}), dict(params.get("objective") or {})
    objective = {"kind": spaced(str(objective.pop("kind", ""))), **objective}
    clauses = [
        _clause(network, {"hidden_width": "D =", "num_classes": "classes"}),
        _clause(objective, {"kind": "", "num_timesteps": "T ="}),
        _clause({n: v for n, v in params.items() if n not in _ELSEWHERE}, {}),
    ]
    return "; ".join(clause for clause in clauses if clause)


def _phases(phases: Mapping[str, Mapping[str, Any]]) -> str:
    known = [name for name in ORDER if name in phases]
    in_order = [*known, *(name for name in phases if name not in known)]
    return "; ".join(f"{spaced(name)}: {_clause(phases[name], {})}" for name in in_order)


def _clause(settings: Mapping[str, Any], names: Mapping[str, str]) -> str:
    parts = []
    for name, value in settings.items():
        # A class count or dropout of zero says only that the model has no classes.
        if value is None or value == "" or (value == 0 and name in ("num_classes", "p_uncond")):
            continue
        parts.append(f"{names.get(name, spaced(name))} {plain(value)}".strip())
    return ", ".join(parts)


def panel_settings(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each option of a panel."""
    return [
        (spaced(name), plain(value))
        for name, value in params.items()
        if name not in _NOT_SETTINGS and value is not None
    ]
