from __future__ import annotations

import pytest

from tasks.store.store import Store
from tests.report.browsing import chromium


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture(scope="session")
def browser():
    yield from chromium()
