"""The whole command on a store that is full, read-only, damaged or shared with another version.

What the user reads, and that nothing is lost. docs/faults.md lists these and all other faults.
"""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.plan.plan import Plan
from tasks.running.kinds import KINDS
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store
from tests.flows.conftest import REPOSITORY, SMALL, Workplace
from tests.flows.recorded_plan import misses, plan_of, reason, record_all
from tests.flows.small_declaration import small_file

NAMES = {"data/digits", "train/first", "train/second", "table/metrics", "denoise/first/epoch-001"}


def names_in(store: Path) -> set[str]:
    """Of all that was made and is whole."""
    found = Store.open(str(store), create=False)
    rows = found.rows().values()
    assert not [row.name for row in rows if found.missing_object(row)]
    assert found.problems == []
    return {row.name for row in rows}


def contents(store: Path) -> dict[str, bytes]:
    folders = ("objects", "manifest", "quarantine")
    files = (path for folder in folders for path in (store / folder).rglob("*"))
    return {str(path): path.read_bytes() for path in files if path.is_file()}


def in_own_mounts(workplace: Workplace, script: str) -> subprocess.CompletedProcess[str]:
    """A shell script, in a namespace whose mounts no other process sees and that go with it.

    darkroom: stands for the command line over fake kinds.
    """
    if shutil.which("unshare") is None:
        pytest.skip("needs the program unshare of Linux")
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*own, f"mount -t tmpfs tmpfs {workplace.folder}"]).returncode:
        pytest.skip("this system lets no user mount a disk")
    command = f'darkroom() {{ {shlex.quote(sys.executable)} -m tests.flows.fake_cli "$@"; }}\n'
    return subprocess.run(
        [*own, f"store={shlex.quote(str(workplace.store))}\n{command}set -e\n{script}"],
        cwd=REPOSITORY,
        env=workplace.environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_full_disk_ends_the_run_plainly_and_space_lets_the_next_complete(
    workplace: Workplace,
) -> None:
    done = in_own_mounts(
        workplace,
        f"""
        mkdir "$store" && mount -t tmpfs -o size=60k tmpfs "$store"
        darkroom run small --file {SMALL} >&2 && exit 3 || test $? = 1
        echo full:
        find "$store/manifest/parts" -name '*.parquet' | wc -l
        mount -o remount,size=20m "$store"
        darkroom run small --file {SMALL}
        darkroom verify
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "no space left on its disk; free" in done.stderr
    assert "run again; nothing recorded was lost" in done.stderr
    assert "Traceback" not in done.stderr
    _, recorded, *rest = done.stdout.split("full:")[1].splitlines()
    assert int(recorded) < 9
    assert "complete" in rest[0]


@pytest.mark.slow
def test_read_only_store_can_be_planned_and_looked_at_and_says_so_to_a_run(
    workplace: Workplace,
) -> None:
    assert workplace.small("run").returncode == 0
    before = contents(workplace.store)
    done = in_own_mounts(
        workplace,
        f"""
        mount --bind "$store" "$store" && mount -o remount,bind,ro "$store"
        darkroom plan small --file {SMALL} >/dev/null
        darkroom runs --json >/dev/null
        darkroom verify >/dev/null
        darkroom regenerate-report --out "$TMPDIR/elsewhere" >/dev/null
        darkroom run small --file {SMALL} || exit $?
        """.replace(
            "darkroom regenerate-report", f"{sys.executable} -m flows.cli.regenerate_report"
        ),
    )
    assert done.returncode == 2, done.stderr
    assert f"{workplace.store} cannot be written: Read-only file system; allow it" in done.stderr
    assert "Traceback" not in done.stderr
    assert (workplace.folder / "elsewhere" / "index.html").is_file()
    assert contents(workplace.store) == before


def test_damaged_row_is_named_and_its_node_alone_is_made_again(workplace: Workplace) -> None:
    assert workplace.small("run").returncode == 0
    store = Store.open(str(workplace.store))
    (row,) = [row for row in store.rows().values() if row.name == "table/metrics"]
    part = workplace.store / "manifest" / "parts" / "table" / f"{row.key}.parquet"
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 0xFF
    part.write_bytes(data)
    before = workplace.computed()
    planned = workplace.small("plan")
    assert f"{part}: " in planned.stdout.replace("\n", "")
    assert "ignored, what it recorded is made again when needed" in " ".join(planned.stdout.split())
    done = workplace.small("run")
    assert done.returncode == 0, done.stderr
    assert workplace.computed() == [*before, "table/metrics"]
    assert names_in(workplace.store) >= NAMES


def test_store_of_two_versions_of_a_step_keeps_the_results_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, store = small_file(tmp_path), Store.open(str(tmp_path / "store"))
    old: Plan = plan_of(file, store)
    record_all(store, old.nodes)
    with monkeypatch.context() as newer:
        kind = KINDS["train"]
        newer.setitem(KINDS, "train", type(kind)(**{**vars(kind), "code_version": 99}))
        new = plan_of(file, store)
        assert reason(new, "train/denoiser") == f"code of train {kind.code_version} -> 99"
        record_all(store, new.misses)
        store.compact()
        assert misses(plan_of(file, store)) == set()
    assert misses(plan_of(file, store)) == set()
    assert len(store.rows()) == len(old.nodes) + len(new.misses)


def test_rows_of_a_newer_version_are_told_left_alone_and_made_again(
    workplace: Workplace,
) -> None:
    assert workplace.small("run").returncode == 0
    store = Store.open(str(workplace.store))
    (row,) = [row for row in store.rows().values() if row.name == "table/metrics"]
    part = workplace.store / "manifest" / "parts" / "table" / f"{row.key}.parquet"
    newer = rows_to_parquet([dataclasses.replace(row, schema_version=99)])
    part.write_bytes(newer)
    planned = " ".join(workplace.small("plan").stdout.split())
    assert "a row of schema 99; this version of Darkroom reads schema 1" in planned
    assert "update Darkroom to read it" in planned
    before = workplace.computed()
    assert workplace.small("run").returncode == 0
    assert workplace.computed() == [*before, "table/metrics"]
    assert "nothing changed" in workplace.small("run").stdout
    cleaned = workplace.run("gc", "--delete")
    assert cleaned.returncode == 1
    assert "a newer Darkroom wrote it; use that one to clean this store" in cleaned.stderr
    store.compact()
    assert part.read_bytes() == newer
