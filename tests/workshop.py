"""Steps run alone: a real store, and a hand that makes their inputs."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from tasks.running.kinds import KINDS
from tasks.running.step import Step, StepResult
from tasks.store.node import Identity
from tasks.store.row import SCHEMA_VERSION, Row
from tasks.store.store import Store


class Workshop:
    """Runs steps and keeps their artifacts in a store, without Prefect or a plan."""

    def __init__(self, address) -> None:
        self.store = Store.open(str(address))

    def step(self, kind, params, inputs=None, seed=0, **options) -> Step:
        inputs = inputs or {}
        identity = Identity(
            kind, 1, params, {role: row.key for role, row in inputs.items()}, seed, "float32", {}
        )
        return Step(
            name=f"{kind}/test",
            key=identity.key,
            params=params,
            inputs=inputs,
            seed=seed,
            store=self.store,
            device="cpu",
            number_format="float32",
            workspace=self.store.workspace(identity.key),
            **options,
        )

    def run(self, kind, params, inputs=None, seed=0, **options) -> Row:
        step = self.step(kind, params, inputs, seed, **options)
        return self.record(kind, step, KINDS[kind].load()(step))

    def record(self, kind, step, result: StepResult) -> Row:
        objects = {
            name: self.store.put_object(data, name.rpartition(".")[2])
            for name, data in result.objects.items()
        }
        row = Row(
            schema_version=SCHEMA_VERSION,
            key=step.key,
            name=step.name,
            kind=kind,
            identity="{}",
            params=dict(step.params),
            inputs={role: row.key for role, row in step.inputs.items()},
            objects=objects,
            metrics=dict(result.metrics),
            info=dict(result.info),
            seed=step.seed,
            device="cpu",
            number_format="float32",
            seconds=1.0,
            work=1.0,
            git_commit=None,
            git_dirty=None,
            versions={},
            host="test",
            run_id="test",
            created_at="2026-01-01T00:00:00.000000+00:00",
        )
        self.store.record(row)
        return row

    def losses(self, row: Row) -> dict[str, list]:
        """Columns of the loss log of a training."""
        log = self.store.read_object(row.objects["loss.parquet"])
        return pq.read_table(io.BytesIO(log)).to_pydict()

    def read(self, row: Row, name: str):
        """Arrays of a safetensors object."""
        from safetensors.numpy import load

        return load(self.store.read_object(row.objects[name]))


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path / "store")


@pytest.fixture
def data(workshop):
    """A small set of images: bright squares whose place tells the class."""
    labels = np.arange(120) % 10
    images = np.zeros((120, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = 2 + 5 * (label // 2), 4 + 12 * (label % 2)
        image[row : row + 4, column : column + 8] = 255
    arrays = {
        "train_images": images[:90],
        "train_labels": labels[:90].astype(np.int64),
        "test_images": images[90:],
        "test_labels": labels[90:].astype(np.int64),
    }
    step = workshop.step("data", {"dataset": "squares"})
    return workshop.record("data", step, StepResult({"arrays.safetensors": save(arrays)}))


NETWORK = {"hidden_width": 4, "time_conditioning": "multiply", "num_classes": 10}
TRAINING = {
    "network": NETWORK,
    "objective": {"kind": "flow_matching", "p_uncond": 0.1},
    "batch_size": 30,
    "epochs": 2,
    "learning_rate": 0.01,
    "decay": "exponential",
    "steps_per_epoch": None,
    "ema_decay": None,
    "max_shift": 0,
    "checkpoints": [1, 2],
}


def training(**changes):
    """Parameters of a tiny training run."""
    return {**TRAINING, **changes}


@pytest.fixture
def flow_model(workshop, data):
    return workshop.run("train", training(), {"data": data})


@pytest.fixture
def classifier(workshop, data):
    return workshop.run(
        "classifier",
        {
            "width": 4,
            "batch_size": 30,
            "epochs": 3,
            "learning_rate": 0.01,
            "steps_per_epoch": 20,
            "max_shift": 0,
        },
        {"data": data},
    )
