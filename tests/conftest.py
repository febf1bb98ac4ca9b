"""What tests of several parts share."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import tasks  # before torch: it says how threads wait for each other
from tests.report.browsing import chromium
from tests.s3_server import s3_address, s3_process, s3_server
from tests.shared import SHARED
from tests.tiny_if import PLAIN, TinyIF, build_tiny_if

__all__ = ["s3_address", "s3_process", "s3_server", "tasks"]
"""Fixtures of every part that uses a store on S3."""

pytest_plugins = ["tests.workshop"]
"""Fixtures of every part that tests steps."""


def pytest_configure(config: pytest.Config) -> None:
    """A temporary folder for each process of tests, which then share no lock of the host, and one
    for what is made once for all of them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["TMPDIR"] = tempfile.mkdtemp(prefix=f"{worker}-")
        tempfile.tempdir = None
    else:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="shared-")


def pytest_unconfigure(config: pytest.Config) -> None:
    own = os.environ["TMPDIR" if os.environ.get("PYTEST_XDIST_WORKER") else SHARED]
    shutil.rmtree(own, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is imported stays: the collector neither looks for garbage meanwhile nor, in every full
    round of the tests, through a million objects of libraries."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no process is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def tiny_if(tmp_path_factory: pytest.TempPathFactory) -> TinyIF:
    """A text-to-image model as DeepFloyd publishes it, to be read and left as it is."""
    return build_tiny_if(tmp_path_factory.mktemp("tiny-if"))


@pytest.fixture(scope="session")
def plain_tiny_if(tmp_path_factory: pytest.TempPathFactory) -> TinyIF:
    """The same, as the pocket model is shipped: float16 without a variant."""
    return build_tiny_if(tmp_path_factory.mktemp("plain-tiny-if"), variants=PLAIN)


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[object]:
    """One browser a process: two of Playwright's loops in one thread refuse each other."""
    yield from chromium()


@pytest.fixture
def no_part_loaded() -> Iterator[None]:
    """The process holds no part of a model before the test, nor after it."""
    from tasks.text_to_image.loaded_part import release

    release()
    yield
    release()


@pytest.fixture
def tiny_project(tiny_if: TinyIF, tmp_path: Path) -> Path:
    """A folder with a copy of the model, tiny-if-i and tiny-if-ii, to which a test may write."""
    for folder in (tiny_if.stage_one, tiny_if.stage_two):
        shutil.copytree(folder, tmp_path / folder.name)
    return tmp_path
