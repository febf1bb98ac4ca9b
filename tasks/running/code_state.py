"""Which code a run is done by: commit, uncommitted changes, versions of what it computes with."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RECORDED_DISTRIBUTIONS = (
    "diffusion-darkroom",
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "matplotlib",
    "pandas",
    "pyarrow",
    "prefect",
)


def git_state() -> tuple[str | None, bool | None]:
    """Commit of the code, and whether files differ from it; (None, None) outside a repository."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None, None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return commit, bool(changes) if changes is not None else None


def library_versions() -> dict[str, str]:
    """Version of Python and of each recorded distribution that is installed."""
    versions = {"python": platform.python_version()}
    for name in RECORDED_DISTRIBUTIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _git(*arguments: str) -> str | None:
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
