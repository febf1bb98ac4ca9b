"""Step of kind "image": a picture of any size and format as the square that models see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tasks import BadInput
from tasks.data.load_image import load_image
from tasks.data.sources import describe_source, read_source
from tasks.data.square import cut_square, to_png
from tasks.running.step import Step, StepResult
from tasks.store.node import JSON

if TYPE_CHECKING:
    from tasks.running.kinds import Surroundings


def prepare_image(step: Step) -> StepResult:
    """Objects: image.png, RGB, IMAGE_SIZE square. Info: its size, and that of the original."""
    original, square = _prepare(step.params, step.image_files, step.project_root)
    return StepResult(
        objects={"image.png": to_png(square)},
        info={
            "width": square.width,
            "height": square.height,
            "original_width": original.width,
            "original_height": original.height,
        },
    )


def check_images(params: Sequence[Mapping[str, JSON]], surroundings: Surroundings) -> None:
    """The preflight of kind "image": decodes every picture that is to be prepared. Raises BadInput
    that names all those which cannot be used."""
    problems = []
    for one in params:
        try:
            _prepare(one, surroundings.image_files, surroundings.project_root)
        except BadInput as error:
            problems.append(str(error))
    if problems:
        raise BadInput("\n".join(problems))


def _prepare(
    params: Mapping[str, JSON], image_files: Mapping[str, JSON], project_root: Path
) -> tuple[Image.Image, Image.Image]:
    """The upright original and the square cut out of it."""
    location = image_files.get(params["sha256"])
    if location is None:
        raise BadInput(
            f"no image file of this run has the SHA-256 {params['sha256'][:12]}...; one has "
            "changed since the run was planned; run again"
        )
    data, where = read_source(location, project_root), describe_source(location)
    if hashlib.sha256(data).hexdigest() != params["sha256"]:
        raise BadInput(f"{where} has changed since the run was planned; run again")
    original = load_image(data, where)
    return original, cut_square(original, params["crop"], where)
