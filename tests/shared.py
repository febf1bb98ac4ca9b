"""What all processes of tests share: made by the first that needs it, copied by the others."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

SHARED = "DARKROOM_TESTS_SHARED"
"""In the environment: their folder."""


def new_prefect_home(home: Path) -> Path:
    """A folder for PREFECT_HOME whose database has its tables, which take five seconds to make."""
    made = Path(os.environ[SHARED], "prefect.db")
    with FileLock(made.with_suffix(".lock")):
        if not made.exists():
            _make_database(made)
    home.mkdir(exist_ok=True)
    shutil.copy(made, home / "prefect.db")
    return home


def _make_database(path: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        kept = {name: each for name, each in os.environ.items() if not name.startswith("PREFECT_")}
        subprocess.run(
            command, env=kept | {"PREFECT_HOME": home}, check=True, stdout=subprocess.DEVNULL
        )
        database = sqlite3.connect(Path(home, "prefect.db"))
        # In one file, whatever lies in a log beside it.
        database.execute("vacuum into ?", [str(path)])
        database.close()
