"""The small declaration and an empty store."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.declaration.read_declaration import DeclarationFile
from tasks.store.store import Store
from tests.flows.small_declaration import small_file


@pytest.fixture
def file(tmp_path: Path) -> DeclarationFile:
    return small_file(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))
