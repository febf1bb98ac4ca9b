"""A run on a Ray cluster of its own, over kinds that cost nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.flows.conftest import SMALL_NODES
from tests.flows.serve.conftest import Site, wait_for

pytestmark = [
    pytest.mark.slow,
    # Not part of what .ci/run installs: a hundred megabytes for one test.
    pytest.mark.skipif(
        importlib.util.find_spec("prefect_ray") is None, reason="needs Ray: pip install -e '.[ray]'"
    ),
]


def test_every_node_is_done_once_by_the_workers(tmp_path: Path) -> None:
    """Without PREFECT_API_URL: the workers use the run's embedded server."""
    site = Site.at(tmp_path)
    # Ray's sockets lie below it, and a path of one may have 107 characters.
    site.environment["TMPDIR"] = "/tmp"
    site.environment["RAY_TMPDIR"] = "/tmp"
    try:
        done = site.run("flows.cli", "run", "small", "--runner", "ray")
        assert done.returncode == 0, done.stderr
        assert "8 done" in done.stdout
        assert sorted(site.computed()) == sorted(SMALL_NODES)
        wait_for(lambda: not site.processes(), "processes are left behind", seconds=120)
    finally:
        site.end()
