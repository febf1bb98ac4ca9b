"""Why a node must be made: how it differs from the nearest artifact that the store holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.store.node import Identity

MAX_DIFFERENCES = 3
MAX_VALUE_LENGTH = 40
MAX_COMPARED = 10

NEVER_MADE = "never made"
FORCED = "forced"
OTHER_VERSION = "recorded by another version of Darkroom"


def explain_miss(wanted: Identity, recorded: Sequence[str]) -> str:
    """One phrase, such as "epochs 5 -> 3" or "input model changed".

    recorded: canonical JSON of the identities of earlier artifacts of this node, newest first. The
    one that differs least explains best: profiles take turns, and each is near its own last run.
    """
    nearest: list[str] | None = None
    for text in recorded[:MAX_COMPARED]:
        try:
            differences = list(_differences(Identity.from_json(text), wanted))
        except (ValueError, TypeError, AttributeError):
            differences = [OTHER_VERSION]
        if differences and (nearest is None or len(differences) < len(nearest)):
            nearest = differences
    if nearest is None:
        return NEVER_MADE
    shown = nearest[:MAX_DIFFERENCES]
    if len(nearest) > len(shown):
        shown.append(f"and {len(nearest) - len(shown)} more")
    return ", ".join(shown)


def _differences(old: Identity, new: Identity) -> Iterator[str]:
    yield from _values(old.params, new.params, "")
    yield from _inputs(old.inputs, new.inputs)
    if old.code_version != new.code_version:
        yield f"code of {new.kind} {old.code_version} -> {new.code_version}"
    for name in sorted({*old.libraries, *new.libraries}):
        before, after = old.libraries.get(name, "none"), new.libraries.get(name, "none")
        if before != after:
            yield f"{name} {before} -> {after}"
    if old.number_format != new.number_format:
        yield f"number format {old.number_format} -> {new.number_format}"
    if old.seed != new.seed:
        yield f"seed {old.seed} -> {new.seed}"


def _values(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str) -> Iterator[str]:
    # The new order, since recorded names come sorted.
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name), new.get(name)
        path = f"{prefix}{name}"
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _values(before, after, f"{path}.")
        elif before != after or type(before) is not type(after):
            texts = _text(before), _text(after)
            if max(map(len, texts)) > MAX_VALUE_LENGTH:
                yield f"{path} changed"
            else:
                yield f"{path} {texts[0]} -> {texts[1]}"


def _inputs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for role in [*new, *(role for role in old if role not in new)]:
        if role not in old:
            yield f"input {role} added"
        elif role not in new:
            yield f"input {role} removed"
        elif old[role] != new[role]:
            yield f"input {role} changed"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
