"""A reader's picture by any name, from `--set images.*` to the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.run.run_request import RunRequest
from tests.flows import in_process
from tests.flows.conftest import REPOSITORY
from tests.report.browsing import Visit
from tests.report.page_reader import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = 'it\'s a "tower" <img src=x onerror=alert(1)> & more.png'


def test_quotes_and_tags_in_a_file_name_stay_text(
    browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process.without_prefect(tmp_path, monkeypatch)
    ramp = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3)
    Image.fromarray(ramp.astype(np.uint8)).save(tmp_path / NAME)
    request = RunRequest(
        pipeline="seed501",
        overrides=[f"images.tower={tmp_path / NAME}"],
        only=["figure/w1-forward/*"],
        declaration=str(REPOSITORY / "pipelines.yaml"),
        store=str(tmp_path / "store"),
        report_folder=str(tmp_path / "report"),
    )
    result = in_process.run(request)
    assert result.status == "complete", result.failed
    pages = list((tmp_path / "report").glob("*.html"))
    read = [Page.read(path) for path in pages]
    assert any(NAME in page.text for page in read)
    assert not any("onerror" in attributes for page in read for _, attributes in page.tags)
    for path in pages:
        visit = Visit(browser, path)
        assert visit.complaints == []
        assert all(url.startswith(("file:", "data:")) for url in visit.requests)
