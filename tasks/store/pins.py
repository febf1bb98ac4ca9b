"""Pins: runs that clean-up keeps, whatever came after them.

    pins/<key of the run's row>.json

The name alone pins, so a damaged pin still holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tasks.store.filesystem import Filesystem
from tasks.store.names import check_key
from tasks.store.node import JSON

FOLDER = "pins"
_NAME = re.compile(r"([0-9a-f]{64})\.json")


class Pins:
    def __init__(self, filesystem: Filesystem) -> None:
        self._filesystem = filesystem

    def add(self, key: str, note: Mapping[str, JSON]) -> None:
        """Pin the run whose row has this key, durably. note: for people who look into the file."""
        self._filesystem.write(_path(key), json.dumps(dict(note), indent=1).encode())

    def remove(self, key: str) -> None:
        self._filesystem.delete(_path(key))

    def pinned(self) -> set[str]:
        """Keys of the rows of all pinned runs."""
        names = (_NAME.fullmatch(name) for name in self._filesystem.names(FOLDER))
        return {name[1] for name in names if name is not None}


def _path(key: str) -> str:
    return f"{FOLDER}/{check_key(key)}.json"
