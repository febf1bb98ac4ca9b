"""Whatever the shell hands over: output that nobody reads, that is full or closed; names that are
not UTF-8; a locale that has few letters; proxies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli.shell import spare_loopback
from tests.flows.conftest import REPOSITORY, SMALL, Workplace

OUTPUTS = {
    "without a reader": "",
    "full": "exec >/dev/full 2>&1; ",
    "closed": "exec >&- 2>&-; ",
    "stdout closed": "exec >&-; ",
    "stderr full": "exec 2>/dev/full; ",
}


def ended(workplace: Workplace, output: str, *arguments: str, **environment: str) -> int:
    """The exit code of a command whose output goes there, to a pipe that nobody reads."""
    darkroom = [sys.executable, "-m", "tests.flows.fake_cli"]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            ["sh", "-c", f'{OUTPUTS[output]}exec "$@"', "sh", *darkroom, *arguments],
            cwd=REPOSITORY,
            env={**workplace.environment, **environment},
            stdout=writer,
            stderr=writer,
            timeout=300,
        ).returncode
    finally:
        os.close(writer)


@pytest.mark.parametrize("output", OUTPUTS)
def test_run_goes_on_to_its_end_whoever_watches(workplace: Workplace, output: str) -> None:
    run = ("run", "small", "--file", str(SMALL))
    assert ended(workplace, output, *run) == 0
    assert set(workplace.statuses().values()) == {"done"}


def test_failure_that_nobody_reads_of_is_told_by_the_exit_code(workplace: Workplace) -> None:
    run = ("run", "small", "--file", str(SMALL), "--only", "data/digits")
    failing = {"DARKROOM_FAKE_FAIL": "data/digits"}
    assert ended(workplace, "without a reader", *run, **failing) == 1
    assert workplace.statuses()["data/digits"] == "failed"


@pytest.mark.parametrize("options", [["--json"], []], ids=["json", "table"])
def test_command_that_prints_ends_quietly_without_a_reader(
    workplace: Workplace, options: list[str]
) -> None:
    plan = ("plan", "small", "--file", str(SMALL), *options)
    assert ended(workplace, "without a reader", *plan) == 0


def test_command_that_prints_says_that_its_output_did_not_fit(workplace: Workplace) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tests.flows.fake_cli", "plan", "small", "--file", str(SMALL)],
            cwd=REPOSITORY,
            env=workplace.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "stdout could not be written: No space left on device\n"


@pytest.mark.parametrize(
    "options",
    [["--set", "images.tower=caf\udce9.png"], ["--store", "st\udce9re"]],
    ids=["--set", "--store"],
)
def test_name_that_is_not_utf_8_is_refused_in_words(
    workplace: Workplace, options: list[str]
) -> None:
    done = workplace.small("run", *options)
    assert done.returncode == 2
    shown = options[1].replace("\udce9", "\\xe9")
    assert done.stderr == f"{shown}: not UTF-8; rename the file\n"
    assert not workplace.store.exists()


def test_variable_and_folder_that_are_not_utf_8_are_refused_in_words(workplace: Workplace) -> None:
    done = workplace.small("run", DARKROOM_STORE="/tmp/st\udce9re")
    assert (done.returncode, done.stderr) == (
        2,
        "DARKROOM_STORE=/tmp/st\\xe9re: not UTF-8; rename the folder\n",
    )
    folder = workplace.folder / "f\udce9"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "plan"],
        cwd=folder,
        env=workplace.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "f\\xe9: not UTF-8; rename the folder, or run in another" in done.stderr


def test_output_replaces_what_the_locale_lacks(workplace: Workplace) -> None:
    declared = workplace.folder / "small.yaml"
    declared.write_text(SMALL.read_text().replace("title: Small", "title: Größe"))
    options = ("--file", str(declared), "--store", str(workplace.folder / "größe"))
    done = workplace.run("run", "small", *options, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("/gr??e/report/index.html")
    again = workplace.run("run", "small", *options, "--json", PYTHONIOENCODING="ascii")
    assert again.returncode == 0 and "gr\\u00f6\\u00dfe/report" in again.stdout


def test_proxy_of_a_kind_that_nothing_can_use_is_named(workplace: Workplace) -> None:
    done = workplace.small("plan", ALL_PROXY="socks4://someone:secret@proxy:1080")
    assert done.returncode == 2
    assert done.stderr.startswith("ALL_PROXY=proxy:1080: no proxy that can be used; expected http")


def test_loopback_goes_through_no_proxy_and_other_machines_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import httpx

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.9:4200/api")
    spare_loopback()
    with httpx.Client() as client:
        used = {
            url: getattr(client._transport_for_url(httpx.URL(url))._pool, "_proxy_url", None)  # type: ignore[attr-defined]
            for url in (
                "http://127.0.0.1:4200/api",
                "http://127.0.0.9:4200/api",
                "http://localhost:4200/api",
                "http://[::1]:4200/api",
                "http://internal.example",
                "https://huggingface.co",
            )
        }
    assert [url for url, proxy in used.items() if proxy] == ["https://huggingface.co"]
