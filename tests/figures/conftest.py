from __future__ import annotations

import pytest

from tests.figures.drawing_table import DrawingTable


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> DrawingTable:
    return DrawingTable(tmp_path_factory.mktemp("store"))
