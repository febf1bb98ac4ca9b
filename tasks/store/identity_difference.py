"""How two identities differ: the ingredients of a key, named and compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.store.node import JSON, Identity

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
    yield from _values(old.params, new.params, "")
    # The new order, since recorded names come sorted.
    for role in [*new.inputs, *(role for role in old.inputs if role not in new.inputs)]:
        if old.inputs.get(role) != new.inputs.get(role):
            yield Difference("input", role, old.inputs.get(role), new.inputs.get(role))
    if old.code_version != new.code_version:
        yield Difference("code", new.kind, old.code_version, new.code_version)
    for name in sorted({*old.libraries, *new.libraries}):
        if old.libraries.get(name) != new.libraries.get(name):
            yield Difference("library", name, old.libraries.get(name), new.libraries.get(name))
    if old.number_format != new.number_format:
        yield Difference("number format", "", old.number_format, new.number_format)
    if old.seed != new.seed:
        yield Difference("seed", "", old.seed, new.seed)


def _values(old: Mapping[str, JSON], new: Mapping[str, JSON], prefix: str) -> Iterator[Difference]:
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _values(before, after, f"{prefix}{name}.")
        elif before != after or type(before) is not type(after):
            yield Difference("parameter", f"{prefix}{name}", before, after)


def _flat(params: Mapping[str, JSON], prefix: str) -> Iterator[Ingredient]:
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield Ingredient("parameter", f"{prefix}{name}", value)
