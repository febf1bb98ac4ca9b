"""The small declaration with two backends: one of this machine, one of the hub."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from flows.declaration.read_declaration import DeclarationFile, read_declaration
from tests.flows.small_declaration import SMALL, write

BACKENDS: dict[str, Any] = {
    "local": {"title": "Of this machine", "stage_one": "tiny-if-i", "stage_two": "tiny-if-ii"},
    "hub": {
        "title": "Of the hub",
        "stage_one": "owner/if-i@v1",
        "stage_two": "owner/if-ii",
        "variant": "fp16",
    },
}


def declared(folder: Path, **changes: Any) -> DeclarationFile:
    """Written to `folder` and read."""
    data = {**copy.deepcopy(SMALL), "backends": copy.deepcopy(BACKENDS), "backend": "local"}
    return read_declaration(write(folder, {**data, **changes}))
