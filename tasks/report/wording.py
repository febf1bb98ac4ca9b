"""How numbers, times, parameters and addresses are written on a page."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.pocket.words import ORDER


def number(value: float) -> str:
    """Four significant digits, thousands apart, whole numbers whole."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(value: float) -> str:
    return f"{value * 100:.4g} %"


def duration(seconds: float | None) -> str:
    """ "0.42 s", "3 min 12 s", "2 h 05 min"; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def moment(iso: str) -> str:
    """ "2026-01-31 14:05 UTC"; text that is no time is left as it is."""
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    time = time.astimezone(UTC) if time.tzinfo else time
    return time.strftime("%Y-%m-%d %H:%M UTC")


def plain(value: Any) -> str:
    """A JSON value in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(name)} {plain(item)}" for name, item in value.items())
    return str(value)


def spaced(name: str) -> str:
    """guidance_scale as "guidance scale"."""
    return name.replace("_", " ")


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens only; "x" for text that has none."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


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


def unique_anchors(prefix: str, names: Sequence[str]) -> list[str]:
    """A fragment for each name; names that read alike as a fragment get a number."""
    taken: Counter[str] = Counter()
    anchors = []
    for name in names:
        anchor = f"{prefix}{slug(name)}"
        taken[anchor] += 1
        anchors.append(anchor if taken[anchor] == 1 else f"{anchor}--{taken[anchor]}")
    return anchors
