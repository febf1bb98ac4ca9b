"""Files that a run will need are looked at before it starts, and a refusal changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import REPOSITORY


def _run_paper(tmp_path: Path, data_root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "flows.cli", "run", "seed501", "--profile", "paper"),
            *("--store", str(tmp_path / "store"), "--data-root", str(data_root)),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )


def _absent(folder: Path) -> str:
    return "no train.parquet"


def _empty(folder: Path) -> str:
    folder.mkdir()
    return "no train.parquet"


def _a_file(folder: Path) -> str:
    folder.write_text("not a folder")
    return "no train.parquet"


def _garbage(folder: Path) -> str:
    (folder / "mnist").mkdir(parents=True)
    for split in ("train", "test"):
        (folder / "mnist" / f"{split}.parquet").write_bytes(b"not Parquet")
    return "not a readable Parquet file"


def _another_schema(folder: Path) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "mnist").mkdir(parents=True)
    for split in ("train", "test"):
        pq.write_table(pa.table({"pixels": [1]}), folder / "mnist" / f"{split}.parquet")
    return "expected the hub's schema"


@pytest.mark.parametrize("prepare", [_absent, _empty, _a_file, _garbage, _another_schema])
def test_unusable_data_folder_ends_in_one_message_and_changes_nothing(
    tmp_path: Path, prepare
) -> None:
    data_root = tmp_path / "data"
    message = prepare(data_root)
    done = _run_paper(tmp_path, data_root)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()
