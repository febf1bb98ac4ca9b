"""Versions of Python and of the libraries, against what pyproject.toml allows."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from flows.plan.environment import NOT_INSTALLED, library_version
from flows.upkeep.doctor.finding import Finding

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

DISTRIBUTION = "diffusion-darkroom"
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


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
