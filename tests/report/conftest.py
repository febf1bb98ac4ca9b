from __future__ import annotations

import pytest

from tasks.store.store import Store
from tests.report.browsing import chromium


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture(scope="session")
def running_chromium():
    yield from chromium()


@pytest.fixture
def browser(running_chromium):
    """Left without a page by each test: dozens of open ones starve the next."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()
