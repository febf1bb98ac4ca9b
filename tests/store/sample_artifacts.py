"""Artifacts whose bytes follow from their names, so that any process can check any other's."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store

OBJECT_BYTES = 50_000


def key_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def content(name: str, number: int) -> bytes:
    """Bytes of an object; the second object is the same for many names."""
    seed = f"{name}/{number}" if number == 0 else f"shared/{len(name)}"
    return random.Random(seed).randbytes(OBJECT_BYTES)


def make_row(name: str, objects: dict[str, ObjectRef] | None = None, **values: Any) -> Row:
    return Row(
        **{
            "key": key_of(name),
            "name": f"train/{name}",
            "kind": "train",
            "objects": objects or {},
            "params": {"epochs": 5, "title": f"Größe of {name}"},
            "inputs": {"data": key_of("data")},
            "metrics": {"final_loss": 0.125},
            **values,
        }
    )


def write_artifact(store: Store, name: str, **values: Any) -> Row:
    """Objects first, then the row that names them."""
    objects = {
        "weights.safetensors": store.put_object(content(name, 0), "safetensors"),
        "loss.parquet": store.put_object(content(name, 1), "parquet"),
    }
    row = make_row(name, objects, **values)
    store.record(row)
    return row


def write_missing_artifacts(store: Store, names: list[str], compact_every: int) -> Iterator[str]:
    """What a run does: skip what is whole, make the rest. Yields each name once it is recorded."""
    for number, name in enumerate(names, start=1):
        row = store.find(key_of(name))
        if row is None or store.missing_object(row) is not None:
            write_artifact(store, name)
            yield name
        if compact_every and number % compact_every == 0:
            store.compact()


def damage_in(store: Store) -> list[str]:
    """Every way in which the rows of a store break their promise: none, if all is well."""
    found = []
    for row in store.rows().values():
        name = row.name.removeprefix("train/")
        for number, object_name in enumerate(("weights.safetensors", "loss.parquet")):
            if store.read_object(row.objects[object_name]) != content(name, number):
                found.append(f"{row.name}: {object_name} holds other bytes")
    return [*found, *store.problems]


def result_of(store: Store) -> dict[str, Any]:
    """All that a store holds, but for the times."""
    return {key: (row.name, row.params, row.objects) for key, row in store.rows().items()}
