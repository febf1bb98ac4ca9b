"""A node of the plan, the key under which its artifact is stored, and how two keys came to differ.

The key is the SHA-256 of the canonical JSON of everything that can change the result, so equal keys
mean equal artifacts, and a change anywhere upstream changes every key below it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks import BadInput

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
        return canonical_json(vars(self))

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


What = Literal["parameter", "input", "code", "library", "number format", "seed"]


@dataclass(frozen=True)
class Ingredient:
    """One thing that decides a key. name: dotted for parameters, the role of an input, the
    distribution of a library, the kind for its code; empty where `what` says all."""

    what: What
    name: str
    value: JSON


@dataclass(frozen=True)
class Difference:
    """before, after: None for what is not there. For inputs these are keys."""

    what: What
    name: str
    before: JSON
    after: JSON


def ingredients(identity: Identity) -> Iterator[Ingredient]:
    """All of them, in the order in which differences are told."""
    yield from _flat(identity.params, "")
    for role, key in identity.inputs.items():
        yield Ingredient("input", role, key)
    yield Ingredient("code", identity.kind, identity.code_version)
    for name in sorted(identity.libraries):
        yield Ingredient("library", name, identity.libraries[name])
    yield Ingredient("number format", "", identity.number_format)
    yield Ingredient("seed", "", identity.seed)


def differences(old: Identity, new: Identity) -> Iterator[Difference]:
    yield from _changed("parameter", old.params, new.params)
    yield from _changed("input", old.inputs, new.inputs)
    yield from _changed("code", {new.kind: old.code_version}, {new.kind: new.code_version})
    libraries = sorted({*old.libraries, *new.libraries})
    after = {name: new.libraries.get(name) for name in libraries}
    yield from _changed("library", old.libraries, after)
    yield from _changed("number format", {"": old.number_format}, {"": new.number_format})
    yield from _changed("seed", {"": old.seed}, {"": new.seed})


def _changed(
    what: What, old: Mapping[str, JSON], new: Mapping[str, JSON], prefix: str = ""
) -> Iterator[Difference]:
    # The new order, since recorded names come sorted.
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _changed(what, before, after, f"{prefix}{name}.")
        elif before != after or type(before) is not type(after):
            yield Difference(what, f"{prefix}{name}", before, after)


def _flat(params: Mapping[str, JSON], prefix: str) -> Iterator[Ingredient]:
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield Ingredient("parameter", f"{prefix}{name}", value)


_NAMES = {
    "key": (re.compile(r"[0-9a-f]{64}"), "64 lower-case hexadecimal digits"),
    "kind": (re.compile(r"[a-z_]{1,64}"), "lower-case letters and underscores"),
    "extension": (re.compile(r"[a-z0-9]{1,16}"), "lower-case letters and digits, no dot"),
    "object name": (
        re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}\.[a-z0-9]{1,16}"),
        "letters, digits and any of _ . + -, then an extension",
    ),
}
"""Of what becomes a path in the store: none can lead out of its root."""


def check_key(key: str) -> str:
    """A node's key or an object's SHA-256: 64 lower-case hexadecimal digits."""
    return check_name("key", key)


def check_name(what: Literal["key", "kind", "extension", "object name"], value: str) -> str:
    """`value`, if it is one. An object name is such as "epoch-005.safetensors"."""
    pattern, expected = _NAMES[what]
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise BadInput(f"store: {value!r:.200} is not a valid {what}; expected {expected}")
    return value


def key_of_run(run_id: str) -> str:
    """The key of a run's row, and the name of the files that belong to it."""
    return hashlib.sha256(run_id.encode()).hexdigest()
