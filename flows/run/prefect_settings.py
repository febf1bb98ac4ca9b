"""What Prefect reads from outside, read before Prefect does: variables, .env, prefect.toml,
pyproject.toml and profiles. What it cannot use is named by the place it stands in."""

from __future__ import annotations

import io
import os
import re
import tempfile
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasks import BadInput

if TYPE_CHECKING:
    from prefect.settings import Settings

API_URL = "PREFECT_API_URL"
PREFIX = "PREFECT_"
_SECRET = ("KEY", "PASSWORD", "SECRET", "AUTH", "CONNECTION_URL", "HEADERS")
"""Words in the names of settings whose values are not shown."""

_BUILT_IN_PROFILES = ("ephemeral", "local", "cloud", "test")


@dataclass(frozen=True)
class _Entry:
    """A setting that somebody has made. name: that of its variable. place: where, in words."""

    name: str
    value: Any
    place: str


def read_settings() -> Settings:
    """Prefect's settings, with Prefect imported. BadInput, in one sentence, if any cannot be used.

    An empty variable counts as none, here and in the processes that this one starts.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX) and not os.environ[name]]:
        del os.environ[name]
    entries = list(_entries())
    _require_profile(entries)
    try:
        # What it says of settings that it cannot use is longer than a sentence, and no exception.
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            from prefect.settings import Settings, get_current_settings

            Settings()
            return get_current_settings()
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise
        raise BadInput(
            "Prefect keeps its database in the home folder, and this user has none; set "
            "PREFECT_HOME to a folder that can be written"
        ) from error
    except ValueError as error:  # pydantic's, and that of its settings
        raise BadInput(_refusal(error, entries)) from error


def require_home(home: Path) -> None:
    """BadInput if Prefect cannot keep its database there."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise BadInput(
            f"{home}: Prefect keeps its database there, and it cannot be written "
            f"({error.strerror}); set PREFECT_HOME to a folder that can"
        ) from error


def place_of(name: str) -> str:
    """Where a setting comes from, as "PREFECT_API_URL" or "PREFECT_API_URL in FILE"."""
    return next((entry.place for entry in _entries() if entry.name == name), name)


def require_server(url: str) -> None:
    """BadInput if no Prefect server answers at the API address that the settings name."""
    import httpx
    from prefect.client.orchestration import get_client

    advice = "start it or correct the address, or unset it to do without a server"
    place = place_of(API_URL)
    shown = re.sub(r"//[^/@]*@", "//", url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{place} is {shown}, no address such as http://HOST:4200/api; {advice}")
    try:
        with get_client(sync_client=True) as client:
            answer = client.api_healthcheck()
    except (httpx.HTTPError, OSError, ValueError) as error:
        answer = error
    if isinstance(answer, httpx.HTTPStatusError) and answer.response.status_code in (401, 403):
        raise BadInput(
            f"{place} is {shown}, which refuses access (status {answer.response.status_code}); "
            "set PREFECT_API_KEY or PREFECT_API_AUTH_STRING as it wants them, or unset the address"
        )
    if answer is not None:
        lines = str(answer).strip().splitlines()
        told = lines[0] if lines else type(answer).__name__
        raise BadInput(f"{place} is {shown}, where no Prefect server answers ({told}); {advice}")


def _entries() -> Iterator[_Entry]:
    """All settings that are made, the ones that count before those that they replace.

    BadInput for a file that cannot be read.
    """
    for name, value in os.environ.items():
        if name.upper().startswith(PREFIX):
            yield _Entry(name.upper(), value, name)
    here = Path.cwd()
    yield from _dotenv(here / ".env")
    yield from _flat(_toml(here / "prefect.toml"), PREFIX, "", here / "prefect.toml")
    project = here / "pyproject.toml"
    own = _toml(project).get("tool", {}).get("prefect", {})
    yield from _flat(own, PREFIX, "tool.prefect.", project)
    path = _profiles_path()
    if path is not None:
        profiles = _toml(path)
        active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
        found = profiles.get("profiles", {}).get(active, {})
        for name, value in found.items() if isinstance(found, Mapping) else ():
            yield _Entry(name, value, f"{name} of profile {active} in {path}")


def _dotenv(path: Path) -> Iterator[_Entry]:
    if not path.is_file():
        return
    from dotenv import dotenv_values

    text = _read(path)
    for name, value in dotenv_values(stream=io.StringIO(text)).items():
        if name.upper().startswith(PREFIX):
            yield _Entry(name.upper(), value or "", f"{name} in {path}")


def _flat(table: Any, prefix: str, shown: str, path: Path) -> Iterator[_Entry]:
    for key, value in table.items() if isinstance(table, Mapping) else ():
        name = f"{prefix}{key.upper()}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}_", f"{shown}{key}.", path)
        yield _Entry(name, value, f"{shown}{key} in {path}")


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(
            f"{path}: Prefect reads it, and it is not TOML ({error}); correct it"
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise BadInput(f"{path}: Prefect reads it, and cannot ({why}); correct it") from error


def _profiles_path() -> Path | None:
    """None for the profiles that come with Prefect."""
    given = os.environ.get("PREFECT_PROFILES_PATH")
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            raise BadInput(f"PREFECT_PROFILES_PATH is {given}, and there is no such file; unset it")
        return path
    home = os.environ.get("PREFECT_HOME") or os.path.join("~", ".prefect")
    try:
        path = Path(home).expanduser() / "profiles.toml"
        return path if path.is_file() else None
    except (RuntimeError, OSError):
        return None


def _require_profile(entries: list[_Entry]) -> None:
    wanted = os.environ.get("PREFECT_PROFILE")
    if not wanted:
        return
    path = _profiles_path()
    own = _toml(path).get("profiles", {}) if path is not None else {}
    known = [*own, *(name for name in _BUILT_IN_PROFILES if name not in own)]
    if wanted not in known:
        raise BadInput(
            f"PREFECT_PROFILE is {wanted}, and there is no such profile of Prefect's; expected one "
            f"of: {', '.join(known)}, or unset it"
        )


def _refusal(error: ValueError, entries: list[_Entry]) -> str:
    """One sentence of what Prefect says of its settings."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = next((e for e in error.errors() if e.get("loc")), None)
        field, why = (str(first["loc"][0]), first["msg"]) if first else ("", str(error))
        given = first["input"] if first else None
    else:
        found = re.search(r'field "(\w+)"', str(error))
        field, why = (found[1] if found else "", "its value cannot be read")
        given = None
    if field.upper().startswith(PREFIX):
        field = field[len(PREFIX) :]
    named = [entry for entry in entries if field and entry.name.endswith(field.upper())]
    if not named:
        return f"Prefect's settings cannot be used ({field}: {why}); correct or unset them"
    # Several sections have a field of that name.
    entry = next((entry for entry in named if entry.value == given), named[0])
    value = "secret" if any(word in entry.name for word in _SECRET) else repr(entry.value)
    return f"{entry.place} is {value}, which Prefect cannot use ({why}); correct or unset it"
