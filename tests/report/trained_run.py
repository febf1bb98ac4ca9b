"""A made-up run with trained models of several kinds, and models that it used as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tasks.running.step import table_to_bytes
from tasks.store.row import Row
from tests.report.made_up_run import TIME, MadeUpRun, key_of

EPOCHS, STEPS = 10, 40
"""Of the model "m", which keeps a checkpoint an epoch. STEPS: of an epoch."""
LOSSES = [1 / (step + 1) for step in range(EPOCHS * STEPS)]
HOSTILE = "models/<img src=x onerror=alert(1)>"
DIGEST = "d1" * 32


def loss_log(losses: Sequence[float], steps_per_epoch: int) -> bytes:
    """As a training of epochs leaves it."""
    steps = range(1, len(losses) + 1)
    epochs = [(step - 1) // steps_per_epoch + 1 for step in steps]
    return table_to_bytes(pa.table({"step": list(steps), "epoch": epochs, "loss": list(losses)}))


def phase_log(phases: Mapping[str, Sequence[float]]) -> bytes:
    """As a training of phases leaves it, which notes a loss every 50 steps of each."""
    rows = [
        {"phase": name, "step": 50 * (place + 1), "loss": loss}
        for name, losses in phases.items()
        for place, loss in enumerate(losses)
    ]
    return table_to_bytes(pa.Table.from_pylist(rows))


def part(component: str, address: str = HOSTILE, **more: str) -> dict[str, Any]:
    """params["model"] of a step."""
    return {
        "backend": "pocket",
        "component": component,
        "address": address,
        "revision": None,
        "digest": DIGEST,
        "number_format": "float32",
        **more,
    }


@dataclass
class TrainedRun(MadeUpRun):
    """train/m with ten checkpoints, measured at each, and at the last with guidance; a classifier;
    a guide; prompts encoded by a model used as it is."""

    pipeline: str = "trained"

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        measured = {"model": "train/m", "classifier": "classifier/reader"}
        return [
            ("data/digits", {}),
            ("classifier/reader", {"data": "data/digits"}),
            ("train/m", {"data": "data/digits"}),
            ("guide/g", {"data": "data/digits", "classifier": "classifier/reader"}),
            *((f"evaluate/m/epoch-{epoch:03d}", measured) for epoch in range(1, EPOCHS + 1)),
            (f"evaluate/m/epoch-{EPOCHS:03d}/guidance-5", measured),
            ("prompt/it", {}),
            *((f"figure/{figure}/panel", {"model_0": "train/m"}) for figure in self.figures),
        ]

    def _record_artifact(self, name: str, kind: str, inputs: Mapping[str, str]) -> None:
        if kind in ("figure", "data"):
            super()._record_artifact(name, kind, inputs)
            return
        objects = {
            "train": {
                "loss.parquet": loss_log(LOSSES, STEPS),
                **{f"epoch-{epoch:03d}.safetensors": bytes([epoch]) for epoch in _epochs()},
            },
            "classifier": {"weights.safetensors": b"classifier"},
            "guide": {"weights.safetensors": b"guide"},
        }.get(kind, {})
        params: dict[str, Any] = {
            "train": {"network": {"hidden_width": 64}, "objective": {"kind": "ddpm"}, "epochs": 10},
            "classifier": {"width": 16, "epochs": 10},
            "prompt": {"prompt": "it", "model": part("text_encoder")},
        }.get(kind, {})
        metrics = {
            "train": {"final_loss": 0.084},
            "classifier": {"test_accuracy": 0.99},
            "guide": {"guide_accuracy_1": 0.8, "guide_accuracy_100": 0.4},
            "evaluate": {"label_accuracy": 0.5, "frechet_distance": 12.5, "frechet_floor": 0.5},
        }.get(kind, {})
        row = Row(
            key=key_of(name),
            name=name,
            kind=kind,
            params=params,
            inputs={role: key_of(node) for role, node in inputs.items()},
            metrics=metrics,
            seconds=1.5,
            versions={"numpy": "2.4.6"},
            created_at=TIME,
        )
        self._put(row, objects)


def _epochs() -> range:
    return range(1, EPOCHS + 1)
