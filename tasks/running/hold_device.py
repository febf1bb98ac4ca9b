"""What a step holds for itself while it computes: a place on the device, or its turn; a model."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tasks.running.accelerator import hold_accelerator
from tasks.running.kinds import Kind
from tasks.text_to_image.loaded_part import let_go

if TYPE_CHECKING:
    from tasks.running.run_step import RunSettings


@contextlib.contextmanager
def hold_device(
    kind: Kind,
    device: str,
    name: str,
    settings: RunSettings,
    *,
    should_stop: Callable[[], bool],
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold what steps of the kind need for themselves, and only while they compute.

    From the end on the thread uses no part of a model.

    name: of what computes, for those who wait. StepCancelled once should_stop is true meanwhile.
    """
    with contextlib.ExitStack() as held:
        if kind.one_at_a_time:
            held.enter_context(_alone(kind.stage))
        if kind.uses_accelerator and not settings.device_is_granted:
            held.enter_context(
                hold_accelerator(
                    device,
                    name,
                    places=settings.places,
                    should_stop=should_stop,
                    on_wait=on_wait,
                )
            )
        # First of all at the end: who takes the place next may want the memory of this one's model.
        held.callback(let_go)
        yield


_alone_locks: dict[str, threading.Lock] = {}


def _alone(stage: str) -> threading.Lock:
    """Held by the one step of a stage that may run in this process."""
    return _alone_locks.setdefault(stage, threading.Lock())
