"""What comes with Darkroom: its pipelines.yaml, and of data/ all that it names.

In a checkout these are links, in an installed package files: both are found beside this module.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from tasks.store.local_files import given_path


def shipped_folder() -> Path:
    """The folder that paths of Darkroom's own pipelines.yaml are relative to."""
    return Path(str(resources.files(__name__)))


def project_path(text: str, project_root: Path) -> Path:
    """The file or folder that a declaration names.

    text: relative to project_root, the folder of pipelines.yaml, or absolute. What is not there but
    comes with Darkroom is Darkroom's, so that a node has the same key wherever that is installed.
    Raises BadInput for what cannot be a path.
    """
    path = given_path(text, project_root)
    shipped = given_path(text, shipped_folder())
    # Not Path.exists, which raises for a name that is too long; whoever reads the file says so.
    return shipped if not os.path.exists(path) and os.path.exists(shipped) else path
