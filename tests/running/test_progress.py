"""What is said of the time a step still takes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tasks.running import progress
from tasks.running.progress import Event, ProgressArtifact, ProgressBus, about_left


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (1, 4, 10, "about 30 s left"),
        (99, 100, 10, "about 1 s left"),
        (1, 4, 60, "about 3 min left"),
        (1, 10, 600, "about 1 h 30 min left"),
        (59.5, 60, 59.5, "about 1 s left"),
        (0, 4, 10, ""),
        (4, 4, 10, ""),
        (0, 0, 10, ""),
    ],
)
def test_time_left_is_that_of_the_pace_so_far(
    done: float, total: float, seconds: float, expected: str
) -> None:
    assert about_left(done, total, seconds) == expected


def test_artifact_of_a_lasting_step_tells_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def create(percent: float, *, key: str, description: str) -> Any:
        shown.append(f"{key} {percent:.0f} {description}")
        return uuid.uuid4()

    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", create)
    monkeypatch.setattr(progress, "SECONDS_BEFORE_ARTIFACT", 0.0)
    artifact = ProgressArtifact("train/x")
    artifact(Event("train/x", "train", "started"))
    artifact._started -= 10.2
    artifact(Event("train/x", "train", "progress", 1, 4, "epoch 1 of 4"))
    assert shown == ["progress-train-x 25 train/x: epoch 1 of 4; about 31 s left"]


def test_subscriber_that_would_end_the_process_is_dropped() -> None:
    bus = ProgressBus()
    heard: list[str] = []

    def ends(event: Event) -> None:
        raise SystemExit(1)

    with bus.subscribed(ends), bus.subscribed(lambda event: heard.append(event.name)):
        bus.publish(Event("a", "train", "started"))
        bus.publish(Event("b", "train", "started"))
    assert heard == ["a", "b"]
