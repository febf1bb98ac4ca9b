from __future__ import annotations

import subprocess
import sys
import time
import zipfile

import pytest
from typer.testing import CliRunner

from flows.cli import regenerate_report
from tests.report.made_up_run import MadeUpRun, files_of

PROBE = """
import sys
sys.argv = ["regenerate-report", *sys.argv[1:]]
from flows.cli.regenerate_report import main
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


def test_zip_holds_the_report_and_has_the_same_bytes_each_time(store, tmp_path):
    MadeUpRun(store).record()
    regenerate("--store", store.address, "--out", str(tmp_path / "out"))
    archives = [tmp_path / "one.zip", tmp_path / "two.zip"]
    for path in archives:
        done = regenerate("--store", store.address, "--zip", str(path))
        assert done.stdout.splitlines()[0] == str(path), done.stderr
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert list(found) == sorted(found)
    assert found == {f"report/{name}": data for name, data in files_of(tmp_path / "out").items()}


def test_zip_and_out_together_are_refused(store, tmp_path):
    MadeUpRun(store).record()
    done = regenerate("--store", store.address, "--zip", "a.zip", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "give one of them" in done.stderr


def test_large_single_file_is_warned_of(store, tmp_path, monkeypatch):
    MadeUpRun(store).record()
    options = ["--store", store.address, "--out", str(tmp_path / "out"), "--single-file"]
    assert regenerate_report.LARGE_FILE == 10 * 2**20
    small = CliRunner().invoke(regenerate_report.app, options)
    monkeypatch.setattr(regenerate_report, "LARGE_FILE", 1000)
    large = CliRunner().invoke(regenerate_report.app, options)
    assert (small.exit_code, small.stderr) == (0, "")
    assert (large.exit_code, large.stdout) == (0, small.stdout)
    assert "leave out --single-file" in large.stderr
