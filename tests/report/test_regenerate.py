from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.report.made_up_run import MadeUpRun, files_of

PROBE = """
import sys
sys.argv = ["regenerate-report", *sys.argv[1:]]
from flows.regenerate_report import main
try:
    main()
finally:
    heavy = {"torch", "prefect", "pandas", "matplotlib", "sklearn"} & sys.modules.keys()
    print("imported:", sorted(heavy))
"""


def regenerate(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, *options], capture_output=True, text=True, timeout=60
    )


def test_report_is_rebuilt_from_the_manifest_alone(store, tmp_path):
    MadeUpRun(store).record()
    done = regenerate("--store", store.address, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "out" / "index.html"), "imported: []"]
    before = files_of(tmp_path / "out")
    regenerate("--store", store.address, "--out", str(tmp_path / "out"))
    assert files_of(tmp_path / "out") == before


@pytest.mark.timed
def test_report_of_sixty_figures_takes_under_two_seconds(store, tmp_path):
    MadeUpRun(store, figures=[f"figure-{i}" for i in range(60)]).record()
    options = ("--store", store.address, "--out", str(tmp_path / "out"))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert regenerate(*options).returncode == 0
        times.append(time.perf_counter() - start)
    assert min(times) < 2


def test_without_a_run_it_exits_with_2_and_one_line(tmp_path):
    done = regenerate("--store", str(tmp_path / "nothing"), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "darkroom run" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists() and not (tmp_path / "nothing").exists()


def test_report_goes_into_a_local_store_by_default(store, tmp_path):
    MadeUpRun(store).record()
    assert regenerate("--store", store.address, "--single-file").returncode == 0
    assert (tmp_path / "store" / "report" / "index.html").is_file()
