"""One step of every plot that there is."""

from __future__ import annotations

from tasks.running.step import Step
from tests.figures.annotated_steps import annotated_steps
from tests.figures.digit_steps import digit_steps
from tests.figures.drawing_table import DrawingTable
from tests.figures.picture_steps import picture_steps
from tests.figures.pocket_steps import pocket_steps


def every_step(table: DrawingTable) -> dict[str, Step]:
    """Plot to a step that draws it, with made-up inputs."""
    return {
        **digit_steps(table),
        **annotated_steps(table),
        **picture_steps(table),
        **pocket_steps(table),
    }
