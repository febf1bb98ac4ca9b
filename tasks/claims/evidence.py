"""What a claim is measured on, as its function reads it: entries, metrics, pictures, fits."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.claims.finding import NotMeasurable
from tasks.running.step import Step
from tasks.store.node import JSON

Entry = Mapping[str, JSON]
Arrays = Mapping[str, NDArray[Any]]
Measured = dict[str, Any]
"""A row of what was measured."""

FIT = "fit to the prompt"
"""In Evidence.rows, in place of a metric: how well the entry's one picture fits its prompt."""


def _nothing(role: str, name: str) -> Arrays:
    raise KeyError(f"{role}/{name}")


@dataclass(frozen=True)
class Evidence:
    """entries: as flows.claims gathers them; the fields that name nodes hold roles.

    metrics, seeds: of each role. arrays: (role, object) to arrays. picture: role to the picture as
    it is shown, u8 [S, S, 3]. similarities: (number of the picture, text) to the cosine.
    logit_scale: of the similarity model. seed: of what is drawn at random here.
    """

    entries: Sequence[Entry]
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    arrays: Callable[[str, str], Arrays] = _nothing
    picture: Callable[[str], NDArray[np.uint8]] = lambda role: _nothing(role, "image.png")["image"]
    similarities: Mapping[tuple[int, str], float] = field(default_factory=dict)
    logit_scale: float = 100.0
    seed: int = 0

    @classmethod
    def of_step(cls, step: Step) -> Evidence:
        from tasks.text_to_image.steps.measure_similarity import TABLE

        similarities, scale = {}, 100.0
        if "similarity" in step.inputs:
            columns = step.read_table("similarity", TABLE).to_pydict()
            rows = zip(columns["picture"], columns["text"], columns["similarity"], strict=True)
            similarities = {(picture, text): value for picture, text, value in rows}
            scale = float(step.inputs["similarity"].metrics["logit_scale"])
        return cls(
            entries=step.params["entries"],
            metrics={role: row.metrics for role, row in step.inputs.items()},
            seeds={role: row.seed for role, row in step.inputs.items()},
            arrays=step.read_arrays,
            picture=lambda role: _picture(step, role),
            similarities=similarities,
            logit_scale=scale,
            seed=step.seed,
        )

    def metric(self, entry: Entry, name: str, node: str = "node") -> float:
        """Of the node that a field of the entry names. Raises NotMeasurable if it has none such."""
        metrics = self.metrics[entry[node]]
        if name not in metrics:
            raise NotMeasurable(f"{name} was not measured")
        return float(metrics[name])

    def rows(self, *fields: str, **measured: str) -> list[Measured]:
        """A row an entry: those of its fields, then the metrics that columns name, or FIT.

        Raises NotMeasurable as `metric` does.
        """
        return [
            {field: entry[field] for field in fields}
            | {
                column: self.similarities[number, entry["prompt"]]
                if name == FIT
                else self.metric(entry, name)
                for column, name in measured.items()
            }
            for number, entry in enumerate(self.entries)
        ]

    def count_seeds(self, node: str = "node") -> int:
        """Different seeds of the nodes that this field names."""
        return len({self.seeds.get(entry[node], 0) for entry in self.entries})


def _picture(step: Step, role: str) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(step.read(role, "image.png"))) as image:
        return np.asarray(image.convert("RGB"))
