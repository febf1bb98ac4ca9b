from __future__ import annotations

import pytest

from tasks.store.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(str(tmp_path / "store"))
