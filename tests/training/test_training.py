"""Training as a step: what it leaves in the store, and what a kill leaves in the workspace."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from tasks import StepCancelled
from tasks.training.training import train_model
from tests.workshop import Workshop, training

LONG = training(epochs=6, checkpoints=[2, 6], steps_per_epoch=4)


def test_each_checkpoint_and_every_loss_are_kept(workshop, flow_model):
    assert set(flow_model.objects) == {
        "epoch-001.safetensors",
        "epoch-002.safetensors",
        "loss.parquet",
    }
    loss = workshop.losses(flow_model)
    assert loss["step"] == [1, 2, 3, 4, 5, 6]
    assert loss["epoch"] == [1, 1, 1, 2, 2, 2]
    assert loss["learning_rate"] == pytest.approx([0.01] * 3 + [0.01 * 0.1**0.5] * 3)
    assert np.isfinite(loss["loss"]).all()
    assert flow_model.metrics["final_loss"] == pytest.approx(np.mean(loss["loss"][3:]))


def _train_until(steps, root, data, reached):
    """Train in a process of its own, and stand still once more than `steps` steps are done."""
    workshop = Workshop(root)

    def report(done, total, message):
        if done > steps:
            reached.set()
            threading.Event().wait()

    step = workshop.step("train", LONG, {"data": data}, report=report)
    train_model(step)


@pytest.mark.parametrize("epochs_before_the_kill", [1, 2, 5])
def test_killed_training_resumes_to_the_same_artifact(
    tmp_path, workshop, data, epochs_before_the_kill
):
    context = multiprocessing.get_context("spawn")
    reached = context.Event()
    process = context.Process(
        target=_train_until,
        args=(4 * epochs_before_the_kill, tmp_path / "store", data, reached),
        daemon=True,
    )
    process.start()
    # Progress is reported before the epoch's state is saved: wait for the next epoch's report.
    while not reached.wait(0.1):
        assert process.is_alive()
    os.kill(process.pid, signal.SIGKILL)
    process.join()

    step = workshop.step("train", LONG, {"data": data})
    assert (step.workspace / "state.safetensors").is_file()
    reports = []
    resumed = train_model(
        workshop.step(
            "train", LONG, {"data": data}, report=lambda done, *rest: reports.append(done)
        )
    )
    undisturbed = train_model(replace(step, workspace=tmp_path / "undisturbed"))

    assert reports[0] == 4 * (epochs_before_the_kill + 1)
    for name in ("epoch-002.safetensors", "epoch-006.safetensors", "loss.parquet"):
        assert resumed.objects[name] == undisturbed.objects[name], name


def test_stopped_training_keeps_its_last_epoch(workshop, data):
    calls = []

    def should_stop():
        calls.append(1)
        return len(calls) > 9

    with pytest.raises(StepCancelled, match="resumes after epoch 2"):
        workshop.run("train", LONG, {"data": data}, should_stop=should_stop)
    reports = []
    workshop.run("train", LONG, {"data": data}, report=lambda done, *rest: reports.append(done))
    assert reports[0] == 12


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"garbage"])
def test_damaged_state_is_not_used(workshop, data, damage):
    with pytest.raises(StepCancelled):
        done = []
        workshop.run(
            "train",
            LONG,
            {"data": data},
            report=lambda *progress: done.append(progress),
            should_stop=lambda: len(done) > 2,
        )
    state = workshop.step("train", LONG, {"data": data}).workspace / "state.safetensors"
    state.write_bytes(damage(state.read_bytes()))
    reports = []
    workshop.run("train", LONG, {"data": data}, report=lambda done, *rest: reports.append(done))
    assert reports[0] == 4


def test_average_of_the_weights_is_what_checkpoints_hold(workshop, data):
    params = training(ema_decay=0.9)
    averaged = workshop.run("train", params, {"data": data})
    plain = workshop.run("train", training(), {"data": data})
    a, b = (workshop.read(row, "epoch-002.safetensors") for row in (averaged, plain))
    assert a.keys() == b.keys()
    assert not np.array_equal(a["out.weight"], b["out.weight"])
