"""What a model says of itself: the README.md beside its files, where the hub keeps its card too."""

from __future__ import annotations

from pathlib import Path

from tasks.text_to_image.model_part import local_path

CARD = "README.md"
MOST_BYTES = 32_768
"""More than a card takes: of a longer file the beginning is read."""


def read_own_card(address: str, project_root: Path) -> str:
    """The text of its card; empty for a model of the hub, which shows it itself, and for a folder
    without one."""
    try:
        with (local_path(address, project_root) / CARD).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""
