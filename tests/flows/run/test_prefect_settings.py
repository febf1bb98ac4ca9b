"""What Prefect reads from outside and cannot use ends in one sentence that names the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.run.prefect_settings import place_of, read_settings, require_home, require_server
from tasks import BadInput
from tests.flows.conftest import Workplace
from tests.flows.free_port import free_port


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that files are read from, with no settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def refusal() -> str:
    with pytest.raises(BadInput) as refused:
        read_settings()
    text = str(refused.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PREFECT_API_REQUEST_TIMEOUT", "abc", "PREFECT_API_REQUEST_TIMEOUT is 'abc', which"),
        ("PREFECT_LOGGING_LEVEL", "LOUD", "PREFECT_LOGGING_LEVEL is 'LOUD', which Prefect"),
        ("PREFECT_CLIENT_CUSTOM_HEADERS", "{pw", "PREFECT_CLIENT_CUSTOM_HEADERS is secret, which"),
        ("PREFECT_PROFILE", "nope", "PREFECT_PROFILE is nope, and there is no such profile"),
        ("PREFECT_PROFILES_PATH", "/no/such", "PREFECT_PROFILES_PATH is /no/such, and there is no"),
    ],
)
def test_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    assert refusal().startswith(told)


def test_field_of_several_sections_is_named_by_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "LOUD")
    assert refusal().startswith("PREFECT_LOGGING_LEVEL is 'LOUD', which")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (".env", b"PREFECT_API_REQUEST_TIMEOUT=abc", "PREFECT_API_REQUEST_TIMEOUT in {} is 'abc'"),
        (".env", b"PREFECT_API_URL=\xff", "{}: Prefect reads it, and cannot (not UTF-8)"),
        ("prefect.toml", b"[api]\nrequest_timeout = 'abc'", "api.request_timeout in {} is 'abc'"),
        ("prefect.toml", b"[api", "{}: Prefect reads it, and it is not TOML"),
        (
            "pyproject.toml",
            b"[tool.prefect.api]\nrequest_timeout = 'abc'",
            "tool.prefect.api.request_timeout in {} is 'abc'",
        ),
        ("home/profiles.toml", b"active = ", "{}: Prefect reads it, and it is not TOML"),
        (
            "home/profiles.toml",
            b"active = 'a'\n[profiles.a]\nPREFECT_API_REQUEST_TIMEOUT = 'abc'",
            "PREFECT_API_REQUEST_TIMEOUT of profile a in {} is 'abc'",
        ),
    ],
)
def test_file_is_named(folder: Path, file: str, content: bytes, told: str) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert refusal().startswith(told.format(path))


@pytest.mark.parametrize(
    "name", ["PREFECT_API_URL", "PREFECT_API_REQUEST_TIMEOUT", "PREFECT_HOME", "PREFECT_PROFILE"]
)
def test_empty_variable_is_an_unset_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(name, "")
    read_settings()
    assert capfd.readouterr() == ("", "")


def test_folder_that_cannot_be_written_is_named_with_prefect_home(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(BadInput, match=r"Not a directory.*set PREFECT_HOME to a folder that can"):
        require_home(folder / "file" / "home")


def test_address_where_no_server_answers_is_named_with_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    url = f"http://127.0.0.1:{free_port()}/api"
    (folder / ".env").write_text(f"PREFECT_API_URL={url}\n")
    assert place_of("PREFECT_API_URL") == f"PREFECT_API_URL in {folder / '.env'}"
    told = re.escape(f"PREFECT_API_URL in {folder / '.env'} is {url}, where no Prefect server")
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(BadInput, match=told):
        require_server(url)
    monkeypatch.setenv("PREFECT_API_URL", "nonsense")
    with pytest.raises(BadInput, match=r"^PREFECT_API_URL is nonsense, no address such as http"):
        require_server("nonsense")


def test_run_ends_in_one_sentence(embedded_workplace: Workplace) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    done = embedded_workplace.small("run", PREFECT_API_URL=url, PREFECT_LOGGING_LEVEL="")
    assert done.returncode == 2
    _, head, told = done.stderr.splitlines()
    assert head == "Starting Prefect"
    assert told.startswith(f"PREFECT_API_URL is {url}, where no Prefect server answers (")
    done = embedded_workplace.small("run", PREFECT_LOGGING_LEVEL="LOUD")
    assert done.returncode == 2
    assert done.stderr.splitlines()[2:] == [
        "PREFECT_LOGGING_LEVEL is 'LOUD', which Prefect cannot use (Input should be 'DEBUG', "
        "'INFO', 'WARNING', 'ERROR' or 'CRITICAL'); correct or unset it"
    ]
