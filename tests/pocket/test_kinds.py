"""Training of the pocket model takes hours: beside it other runs go on where both use the CPU."""

from __future__ import annotations

import threading

import pytest

from tasks.running.device import hold_device
from tasks.running.kinds import KINDS


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr("tasks.running.device.host_folder", lambda name: tmp_path)


def holds(kind: str, device: str) -> bool:
    """Whether another step on the same device would wait while one of `kind` computes."""
    waited: list[str] = []
    stop = threading.Event()

    def on_wait(message: str) -> None:
        waited.append(message)
        stop.set()

    def hold(name: str):  # type: ignore[no-untyped-def]
        return hold_device(
            KINDS[name], device, name, places=1, should_stop=stop.is_set, on_wait=on_wait,
        )  # fmt: skip

    with hold(kind):

        def other() -> None:
            try:
                with hold("train"):
                    pass
            except Exception:
                assert waited

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    return bool(waited)


def test_hours_of_training_on_the_cpu_keep_nobody_waiting() -> None:
    assert not holds("pocket_stage_one", "cpu")
    assert holds("train", "cpu")


def test_on_a_gpu_they_take_their_turn() -> None:
    assert holds("pocket_stage_one", "cuda")
