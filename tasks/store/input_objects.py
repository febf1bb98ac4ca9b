"""What the inputs of an artifact held when it was made.

A key names how inputs are made, not what came out. An input made again elsewhere, with another
number of threads or by force, may differ in its bits under the same key; this digest shows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tasks.store.node import canonical_json
from tasks.store.row import Row

INFO_NAME = "input_objects"
"""Under which a row's info keeps the digest."""


def digest_of_inputs(inputs: Mapping[str, Row]) -> str:
    """64 hexadecimal digits for the objects of all inputs, by role and name."""
    objects = {
        role: {name: reference.sha256 for name, reference in row.objects.items()}
        for role, row in inputs.items()
    }
    return hashlib.sha256(canonical_json(objects).encode()).hexdigest()


def has_other_inputs(row: Row, rows: Mapping[str, Row]) -> bool:
    """Whether an input of `row` now holds other objects than when `row` was made.

    rows: by key. False where an input is not there to compare with.
    """
    recorded = row.info.get(INFO_NAME)
    if recorded is None or not all(key in rows for key in row.inputs.values()):
        return False
    return recorded != digest_of_inputs({role: rows[key] for role, key in row.inputs.items()})
