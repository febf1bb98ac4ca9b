from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tasks.store.store import Store


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One store in a folder and one behind fsspec: they keep the same promises."""
    if request.param == "local":
        return Store.open(str(tmp_path / "store"))
    # Its locks and workspaces lie in the host's temporary folder.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return Store.open(f"memory://{tmp_path.name}")
