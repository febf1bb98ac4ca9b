from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.store import s3_requests
from tasks.store.store import Store


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where locks, workspaces and copies of stores that are no folders lie."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def s3_store(s3_address: str, own_temporary_folder: None) -> Store:
    return Store.open(s3_address)


@pytest.fixture
def new_s3_client() -> Iterator[None]:
    """The test's stores share no connection with those of others, nor its settings."""
    s3_requests._client.cache_clear()
    yield
    s3_requests._client.cache_clear()


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, own_temporary_folder: None) -> Store:
    """A store in a folder, one behind fsspec and one on S3: they keep the same promises."""
    if request.param == "s3":
        return request.getfixturevalue("s3_store")
    where = str(tmp_path / "store") if request.param == "local" else f"memory://{tmp_path.name}"
    return Store.open(where)
