"""Nodes of the pocket model: its training, the reader that measures it, and the measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from flows.declaration.fields import Section
from flows.declaration.pocket import Phase, Pocket, StageOne, StageTwo
from flows.nodes.model_nodes import plain
from tasks import BadInput
from tasks.pocket.world.photographs import code_of_photographs
from tasks.shipped import project_path
from tasks.store.node import JSON, Node

STAGE_ONE, STAGE_TWO = "pocket/stage-one", "pocket/stage-two"
READER, SIMILARITY, MEASURE = "pocket/reader", "pocket/similarity", "pocket/measure"

# Images through the whole U-Net at 64 pixels cost this much of one at another size or network.
WORK = {
    "words": 1.2,
    "whole": 1.0,
    "long": 1.0,
    "fine": 1.0,
    "windows": 1.0,
    "pictures": 4.0,
    "reader": 0.15,
    "similarity": 0.1,
}


def pocket_nodes(pocket: Pocket, project_root: Path) -> Iterator[Node]:
    """Stage I, stage II on its text encoder, the reader, the similarity model, and the measurement.

    Raises BadInput if the table of concepts cannot be read.
    """
    source: dict[str, JSON] = {
        "font": pocket.font,
        "font_sha256": pocket.font_sha256,
        "concepts": pocket.concepts,
        "concepts_sha256": _sha256(project_path(pocket.concepts, project_root)),
        "artists": {
            name: {"package": a.package, "integrity": a.integrity, "folder": a.folder}
            for name, a in pocket.artists.items()
        },
        "assets": pocket.assets,
        "photographs": {
            **plain(pocket.photographs),
            "code": code_of_photographs(project_root) if pocket.photographs.scenes else "",
        },
        "styles": dict(pocket.styles),
        "world_seed": pocket.seed,
    }
    parts: tuple[tuple[str, str, Section, dict[str, str]], ...] = (
        (STAGE_ONE, "pocket_stage_one", pocket.stage_one, {}),
        (STAGE_TWO, "pocket_stage_two", pocket.stage_two, {"stage_one": STAGE_ONE}),
        (READER, "pocket_reader", pocket.reader, {}),
        (SIMILARITY, "pocket_similarity", pocket.similarity, {}),
    )
    for name, kind, recipe, inputs in parts:
        phases = {key: phase for key, phase in recipe if isinstance(phase, Phase)}
        params = {**source, "phases": {key: plain(phase) for key, phase in phases.items()}}
        if isinstance(recipe, StageOne | StageTwo):
            params["start"] = plain(recipe.start) if recipe.start is not None else None
        yield Node(name, kind, params, inputs, seed=pocket.seed, work=_work(phases))
    measure = plain(pocket.measure)
    files = measure.pop("photographs")
    kept = [{"file": file, "sha256": _sha256(project_path(file, project_root))} for file in files]
    yield Node(
        MEASURE,
        "pocket_measure",
        {**source, **measure, "photographs_kept": kept},
        {
            "stage_one": STAGE_ONE,
            "stage_two": STAGE_TWO,
            "reader": READER,
        },
        seed=pocket.seed,
        work=float(len(measure["seeds"]) * 1000 // measure["stride"]),
    )


def _work(phases: Mapping[str, Phase]) -> float:
    return sum(phase.steps * phase.batch_size * WORK[name] for name, phase in phases.items())


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(
            f"pipelines.yaml: pocket: {path} cannot be read ({error.strerror})"
        ) from None
