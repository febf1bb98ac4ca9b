"""Servers of one database start one after the other, whatever their homes."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from flows.serve.server import DATABASE_URLS, alone_on_database

PASSWORD = "database-secret-1234"


def database(name: str) -> dict[str, str]:
    return {DATABASE_URLS[1]: f"postgresql+asyncpg://me:{PASSWORD}@127.0.0.1/{name}"}


def test_only_servers_of_the_same_database_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    has_started = threading.Event()

    def start() -> None:
        with alone_on_database(database("one")):
            has_started.set()

    other = threading.Thread(target=start)
    with alone_on_database(database("one")):
        with alone_on_database(database("two")), alone_on_database({}):
            pass
        other.start()
        assert not has_started.wait(0.5)
    assert has_started.wait(30)
    other.join()
    assert not [path for path in tmp_path.rglob("*") if PASSWORD in str(path)]
