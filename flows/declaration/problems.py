"""What is wrong with a declaration, each problem with its place; checks that all sections use."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """path: in the file. text: what follows it, such as "is 0; expected at least 1"."""

    path: Path
    text: str


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


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that look like `name`, the likeliest first."""
    return difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)


def show_value(value: Any) -> str:
    """A value as one would write it in the file, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        text = str(value)
    if isinstance(value, float) and text in ("NaN", "Infinity", "-Infinity"):
        text = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}[text]
    return text if len(text) <= 60 else f"{text[:57]}..."


def show_number(number: float) -> str:
    """A limit as one would write it: 10,000, 0.02, 1e-07."""
    return f"{int(number):,}" if number == int(number) else repr(number)
