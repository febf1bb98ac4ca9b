"""Why a node must be made: how it differs from the nearest artifact that the store holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tasks.store.node import Difference, Identity, differences

MAX_DIFFERENCES = 3
MAX_VALUE_LENGTH = 40
MAX_COMPARED = 10

NEVER_MADE = "never made"
FORCED = "forced"
OTHER_INPUTS = "an input was made again and came out otherwise"
OTHER_VERSION = "recorded by another version of Darkroom"


def explain_miss(wanted: Identity, recorded: Sequence[str]) -> str:
    """One phrase, such as "epochs 5 -> 3" or "input model changed".

    recorded: canonical JSON of the identities of earlier artifacts of this node, newest first. The
    one that differs least explains best: profiles take turns, and each is near its own last run.
    """
    nearest: list[str] | None = None
    for text in recorded[:MAX_COMPARED]:
        try:
            phrases = list(_differences(Identity.from_json(text), wanted))
        except (ValueError, TypeError, AttributeError):
            phrases = [OTHER_VERSION]
        if phrases and (nearest is None or len(phrases) < len(nearest)):
            nearest = phrases
    if nearest is None:
        return NEVER_MADE
    shown = nearest[:MAX_DIFFERENCES]
    if len(nearest) > len(shown):
        shown.append(f"and {len(nearest) - len(shown)} more")
    return ", ".join(shown)


def _differences(old: Identity, new: Identity) -> Iterator[str]:
    return (_phrase(difference) for difference in differences(old, new))


def _phrase(difference: Difference) -> str:
    what, before, after = difference.what, difference.before, difference.after
    if what == "input":
        change = "added" if before is None else "removed" if after is None else "changed"
        return f"input {difference.name} {change}"
    name = f"code of {difference.name}" if what == "code" else difference.name or what
    texts = value_text(before), value_text(after)
    if what == "parameter" and max(map(len, texts)) > MAX_VALUE_LENGTH:
        return f"{name} changed"
    return f"{name} {texts[0]} -> {texts[1]}"


def value_text(value: Any) -> str:
    """As plans show it: text as it stands, everything else as JSON."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
