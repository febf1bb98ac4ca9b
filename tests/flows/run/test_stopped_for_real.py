"""Ctrl-C and SIGTERM while a real network trains, and while real pictures are sampled."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.upkeep.verify_store import verify_store
from tasks.store.store import Store
from tests.flows import forked
from tests.flows.conftest import REPOSITORY, Workplace
from tests.flows.run.test_prefect_run import Prefect, prefect

__all__ = ["prefect"]

pytestmark = pytest.mark.slow

SHARED = """
version: 1
pipelines:
  real: {title: Real, figures: ["*"]}
profiles:
  quick: {title: Quick, number_format: float32}
default_profile: quick
"""
TRAINING = """
datasets:
  digits: {source: scikit-learn, title: Digits}
models:
  denoiser:
    title: Denoiser
    data: digits
    network: {hidden_width: 4}
    objective: {kind: denoiser, sigma: 0.5}
    batch_size: 32
    epochs: 30
    steps_per_epoch: 10
    learning_rate: 1.0e-3
    checkpoints: [30]
figures:
  loss:
    section: B1
    title: Loss
    seed: 1
    panels:
      - {plot: loss_curve, models: [denoiser]}
"""
SAMPLING = f"""
datasets: {{}}
backends:
  pocket: {{title: Pocket, stage_one: {REPOSITORY / "data" / "models" / "pocket-if"}}}
backend: pocket
text_to_image: {{first_timestep: 999, stride: 1}}
figures:
  samples:
    section: A1.6
    title: Samples
    seed: 1
    panels:
      - {{plot: prompt_samples, prompt: a photo of a panda, count: 4}}
"""


def start(workplace: Workplace, declared: str) -> subprocess.Popen[bytes]:
    (workplace.folder / "pipelines.yaml").write_text(SHARED + declared)
    with (workplace.folder / "told").open("wb") as told:
        return forked.start(
            ["flows.cli", "run", "real"],
            cwd=workplace.folder,
            env=workplace.environment,
            stdout=told,
            stderr=told,
        )


def stop(
    workplace: Workplace,
    process: subprocess.Popen[bytes],
    is_at_work: Callable[[], bool],
    number: signal.Signals,
) -> None:
    """Once it is at work."""
    told = workplace.folder / "told"
    until = time.monotonic() + 400
    while not is_at_work():
        assert process.poll() is None and time.monotonic() < until, told.read_text()
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(300) == 130, told.read_text()
    assert "Traceback" not in told.read_text()
    assert not verify_store(Store.open(str(workplace.store), create=False)).is_wrong


def test_training_keeps_its_state_and_goes_on_from_it(
    prefect_workplace: Workplace, prefect: Prefect
) -> None:
    process = start(prefect_workplace, TRAINING)

    def states() -> list[Path]:
        return list(prefect_workplace.store.glob("work/*/state.safetensors"))

    stop(prefect_workplace, process, lambda: bool(states()), signal.SIGINT)
    assert prefect.flow_runs() == {"real": "Cancelled", "models of real": "Cancelled"} | {
        "data of real": "Completed"
    }
    assert len(states()) == 1
    again = start(prefect_workplace, TRAINING)
    told = prefect_workplace.folder / "told"
    assert again.wait(400) == 0, told.read_text()
    assert "complete" in told.read_text() and not states()


def test_sampling_ends_at_once_and_leaves_no_half_a_picture(
    prefect_workplace: Workplace, prefect: Prefect
) -> None:
    process = start(prefect_workplace, SAMPLING)
    news = prefect_workplace.store / "report" / "news.js"

    def is_sampling() -> bool:
        return news.exists() and re.search(r"trajectory[^;]* \d+ %", news.read_text()) is not None

    stop(prefect_workplace, process, is_sampling, signal.SIGTERM)
    rows = Store.open(str(prefect_workplace.store), create=False).rows()
    assert not [row for row in rows.values() if row.kind in ("trajectory", "figure")]
    assert len(list(rows.of_kind("prompt"))) == 2
    states = prefect.flow_runs()
    assert {states["real"], states["text to image of real"]} == {"Cancelled"}, states
