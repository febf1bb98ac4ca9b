"""A node of the plan, and the key under which its artifact is stored.

The key is the SHA-256 of the canonical JSON of everything that can change the result, so equal keys
mean equal artifacts, and a change anywhere upstream changes every key below it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = Any
"""A plain JSON value: None, bool, int, float, str, and lists and string-keyed dicts of these."""


@dataclass(frozen=True)
class Node:
    """One step to do.

    name: unique in a plan and readable, such as "train/fm_class" or "figure/w1-class/samples".
    params: plain JSON values that the step reads.
    inputs: role, as the step knows it, to the name of the node that fills it.
    work: size of the step in units of its kind, used to foresee its duration; not in the key.
    location: where the file lies whose digest params hold, for steps that read one; not in the key.
    """

    name: str
    kind: str
    params: Mapping[str, JSON]
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    work: float = 1.0
    location: Mapping[str, JSON] | None = None


@dataclass(frozen=True)
class Identity:
    """All that decides a node's artifact. Field by field, it explains a miss."""

    kind: str
    code_version: int
    params: Mapping[str, JSON]
    inputs: Mapping[str, str]
    """Role to key of the input."""
    seed: int
    number_format: str
    libraries: Mapping[str, str]
    """Distribution name to version, for those that can change this kind's result."""

    def to_json(self) -> str:
        """Canonical JSON: sorted names, no spaces, no NaN."""
        return canonical_json(
            {
                "kind": self.kind,
                "code_version": self.code_version,
                "params": self.params,
                "inputs": self.inputs,
                "seed": self.seed,
                "number_format": self.number_format,
                "libraries": self.libraries,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Identity:
        return cls(**json.loads(text))

    @property
    def key(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def canonical_json(value: JSON) -> str:
    """One text for one value. Raises ValueError for NaN, infinities and anything not JSON."""
    try:
        text = _ENCODER.encode(value)
    except TypeError as error:
        raise ValueError(f"not a plain JSON value: {error}") from error
    _check_names(value)
    return text


def _check_names(value: JSON) -> None:
    """json turns the name 1 into "1", and two different values would share one text."""
    # Without recursion and by exact types, which takes a quarter of the time: a plan of a hundred
    # thousand nodes has millions of values.
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is dict or isinstance(value, Mapping):
            for name in value:
                if not isinstance(name, str):
                    raise ValueError(f"not a plain JSON value: the name {name!r} is not text")
            members: Iterable[Any] = value.values()
        else:
            members = value if isinstance(value, list | tuple) else ()
        waiting += [member for member in members if type(member) not in _LEAVES]


def _plain(value: object) -> JSON:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} {value!r}")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
)
_LEAVES = frozenset({str, int, float, bool, type(None)})
