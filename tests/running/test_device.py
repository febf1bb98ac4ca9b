"""Places on a device: as many steps at once as there are, whichever process they are of."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tasks import StepCancelled
from tasks.running import device
from tasks.running.device import hold_accelerator, hold_device, lets_go_with_device
from tasks.running.kinds import KINDS


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of what else runs on this host."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(device, "_all_threads", None)
    yield
    torch.set_num_threads(before)


def hold(places: int, *, should_stop: bool = False, waits: list[str] | None = None):
    return hold_accelerator(
        "cpu",
        "train/one",
        places=places,
        should_stop=lambda: should_stop,
        on_wait=(waits if waits is not None else []).append,
    )


def test_two_steps_compute_at_once_where_there_are_two_places() -> None:
    waits: list[str] = []
    with hold(2, waits=waits), hold(2, waits=waits):
        assert waits == []
        with pytest.raises(StepCancelled), hold(2, should_stop=True, waits=waits):
            pass
    assert len(waits) == 1 and "train/one" in waits[0]


def test_one_place_is_the_first_of_two() -> None:
    with hold(2), pytest.raises(StepCancelled), hold(1, should_stop=True):
        pass


def test_a_place_left_by_an_error_is_free_again() -> None:
    with pytest.raises(ValueError), hold(1):
        raise ValueError
    with hold(1, should_stop=True):
        pass


def test_a_waiting_step_goes_on_once_a_place_is_free() -> None:
    is_waiting, went_on = threading.Event(), threading.Event()

    def wait() -> None:
        with hold_accelerator(
            "cpu",
            "train/two",
            should_stop=lambda: False,
            on_wait=lambda message: is_waiting.set(),
        ):
            went_on.set()

    with hold(1):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert is_waiting.wait(10)
        assert not went_on.is_set()
    assert went_on.wait(10)
    waiter.join()


def test_steps_side_by_side_share_the_cores(two_threads: None) -> None:
    with hold(1):
        assert torch.get_num_threads() == 2
    with hold(2), hold(2):
        assert torch.get_num_threads() == 1


def test_cores_are_whole_again_once_no_place_is_held(two_threads: None) -> None:
    with hold(2):
        with hold(2):
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_cores_are_whole_again_after_an_error(two_threads: None) -> None:
    with pytest.raises(ValueError), hold(2):
        raise ValueError
    assert torch.get_num_threads() == 2


def test_step_that_ended_before_another_computes_on_all_cores_when_it_is_alone(
    two_threads: None,
) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        other = hold(2)
        elsewhere.submit(other.__enter__).result()
        with hold(2):
            elsewhere.submit(other.__exit__, None, None, None).result()
            assert elsewhere.submit(torch.get_num_threads).result() == 1

        def alone() -> int:
            with hold(1):
                return torch.get_num_threads()

        assert elsewhere.submit(alone).result() == 2


def test_a_model_kept_since_this_step_is_let_go_before_its_place_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "_let_go", [])
    told: list[str] = []

    def let_go() -> None:
        with pytest.raises(StepCancelled), hold(1, should_stop=True):
            pass
        told.append("let go")

    holding = hold_device(
        KINDS["train"], "cpu", "train/one", places=1, should_stop=lambda: False, on_wait=told.append
    )
    with holding:
        lets_go_with_device(let_go)
        told.append("computed")
    assert told == ["computed", "let go"]


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings another OpenMP there")
@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "PASSIVE"}, "0")],
)
def test_threads_that_wait_do_not_spin_long_unless_told_to(given, expected):
    """As libgomp itself tells it, in a process that does a step."""
    known = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in known}
    done = subprocess.run(
        [sys.executable, "-c", "import tasks.running.run_step, torch"],
        env={**environment, **given, "OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{expected}'" in done.stderr
