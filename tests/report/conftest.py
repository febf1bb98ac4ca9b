from __future__ import annotations

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.every_page import build_every_page
from tests.report.playable_run import HOSTILE, PlayableRun


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def browser(running_chromium):
    """Left without a page by each test: dozens of open ones starve the next."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()


@pytest.fixture(scope="session")
def playable_page(tmp_path_factory):
    """Path of a page with every control, which nobody writes to."""
    folder = tmp_path_factory.mktemp("played")
    store = Store.open(str(folder / "store"))
    PlayableRun(store, title=HOSTILE).record()
    return build_report(store, folder / "out").with_name("course.html")


@pytest.fixture(scope="session")
def every_page(tmp_path_factory):
    """Folder of build_every_page, which nobody writes to."""
    folder = tmp_path_factory.mktemp("every-page")
    build_every_page(folder)
    return folder


@pytest.fixture
def visit(browser, playable_page):
    """That page, open; it neither complains nor asks for anything elsewhere."""
    visit = Visit(browser, playable_page, until="load")
    yield visit
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)
