"""Plans against a store on S3: few requests, however many nodes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import scale
from tests.s3_server import S3Server

NODES = 10_000


@pytest.mark.slow
@pytest.mark.timed
def test_ten_thousand_cached_nodes_are_planned_in_seconds_by_a_few_requests(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    scale.fill_s3(NODES, tmp_path, s3_server)
    s3_server.counts()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", "plan_on_s3", str(NODES), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    # Not by the clock, which other work on the machine slows.
    assert json.loads(done.stdout)["cpu"] < 5
    assert sum(s3_server.counts().values()) < 60
