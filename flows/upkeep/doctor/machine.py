"""This machine: Python, libraries, device, memory, disk; whether the store can be written."""

from __future__ import annotations

import os
import platform
import shutil
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from flows.plan.environment import (
    NOT_INSTALLED,
    compute_capability,
    library_version,
    resolve_device,
    resolve_number_format,
)
from flows.upkeep.doctor.finding import Finding
from tasks import DarkroomError
from tasks.store.store import Store

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

DISTRIBUTION = "diffusion-darkroom"
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"

GIB = 2**30
ENOUGH_MEMORY = 2 * GIB
"""What training the widest declared network takes, with its data and libraries."""

ENOUGH_DISK = 2 * GIB
"""What a whole run of every pipeline leaves, twice over."""

LITTLE_DISK = GIB // 4


def check_libraries(
    pyproject: Path = PYPROJECT,
    python: str = platform.python_version(),
    version_of: Callable[[str], str] = library_version,
) -> list[Finding]:
    """Python first, then every library that is missing or not of an allowed version, or one line
    if all are."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    requires_python, requirements = _requirements(pyproject)
    findings = [_python(python, SpecifierSet(requires_python))]
    wrong, allowed = [], 0
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = version_of(requirement.name)
        if found == NOT_INSTALLED:
            what = "is not installed"
        elif not requirement.specifier.contains(found, prereleases=True):
            what = f"is {found}, which does not work here; {requirement.specifier} does"
        else:
            allowed += 1
            continue
        advice = f'pip install "{requirement}"'
        wrong.append(Finding(requirement.name, "problem", f"{what}: {advice}"))
    if not wrong:
        findings.append(Finding("libraries", "ok", f"all {allowed} are of versions that work"))
    return findings + wrong


def check_device() -> Finding:
    device = resolve_device()
    text = f"{device}, in {resolve_number_format(device)} where a profile leaves it open"
    if device == "cpu" and compute_capability() is not None:
        torch = library_version("torch")
        what = "torch is not installed" if torch == NOT_INSTALLED else f"torch {torch} has no CUDA"
        return Finding("device", "warning", f"{text}; there is a GPU, but {what}")
    return Finding("device", "ok", text)


def check_memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    total, available = _memory(meminfo)
    if total is None:
        return Finding("memory", "note", "its size is not told here")
    text = f"{_gib(total)} in all"
    if available is None:
        return Finding("memory", "ok", text)
    text += f", {_gib(available)} free"
    if available < ENOUGH_MEMORY:
        advice = f"training may need {_gib(ENOUGH_MEMORY)}; close other programs"
        return Finding("memory", "warning", f"{text}; {advice}")
    return Finding("memory", "ok", text)


def check_disk(store: Store) -> Finding:
    if "://" in store.address:
        return Finding("disk", "note", f"{store.address} is remote; its free space is not told")
    free = shutil.disk_usage(_existing(store.address)).free
    text = f"{_gib(free)} free at {store.address}"
    if free < LITTLE_DISK:
        return Finding("disk", "problem", f"{text}; `darkroom gc --delete` may free some")
    if free < ENOUGH_DISK:
        return Finding("disk", "warning", f"{text}; `darkroom gc` says what can go")
    return Finding("disk", "ok", text)


def check_store(store: Store) -> Finding:
    """Proven by writing where there is a store; a store not there yet is not made."""
    where = store.address
    if "://" not in where and not os.path.lexists(where):
        parent = _existing(where)
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return Finding("store", "ok", f"{where} is not there yet and can be made")
        return Finding("store", "problem", f"{where} cannot be made: {parent} cannot be written")
    try:
        rows = Store.open(where).rows()
    except DarkroomError as error:
        return Finding("store", "problem", str(error))
    return Finding("store", "ok", f"{where} can be written; {rows.about} rows")


def _python(found: str, allowed: SpecifierSet) -> Finding:
    if allowed.contains(found, prereleases=True):
        return Finding("python", "ok", found)
    return Finding("python", "problem", f"is {found}, which does not work here; {allowed} does")


def _requirements(pyproject: Path) -> tuple[str, list[str]]:
    """Allowed versions of Python, and requirements: of the source, else of what is installed."""
    try:
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        if project["name"] == DISTRIBUTION:
            return project["requires-python"], project["dependencies"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        pass  # installed without its source
    try:
        installed = metadata.metadata(DISTRIBUTION)
        return installed["Requires-Python"], metadata.requires(DISTRIBUTION) or []
    except (metadata.PackageNotFoundError, KeyError):
        return "", []


def _memory(meminfo: Path) -> tuple[int | None, int | None]:
    """Bytes in all and free for new programs, as far as the system tells."""
    try:
        lines = (line.split() for line in meminfo.read_text().splitlines())
        found = {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) > 1}
        return found["MemTotal"], found.get("MemAvailable")
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), None
    except (ValueError, OSError):
        return None, None


def _existing(path: str) -> Path:
    """The path, or the nearest folder above it that is there."""
    found = Path(path)
    while not found.exists() and found != found.parent:
        found = found.parent
    return found


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
