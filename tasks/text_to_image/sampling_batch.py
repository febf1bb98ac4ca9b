"""Several steps sampled together: what each is read as, what came of each, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tasks import DarkroomError, StepCancelled, StepFailed
from tasks.diffusion.trajectories.trajectory import Result
from tasks.running.step import Step, StepResult
from tasks.text_to_image.network_use import CountedNetwork, rows_at_once, with_rows_that_fit
from tasks.text_to_image.stages import LoadedStage

Item = TypeVar("Item")

Ended = StepResult | DarkroomError


def sample_steps(
    steps: Sequence[Step],
    stage: LoadedStage,
    read: Callable[[Step], Item],
    sample: Callable[[CountedNetwork, Sequence[Item], int], Sequence[Result | StepFailed]],
    record: Callable[[Step, Result, dict[str, float]], StepResult],
) -> list[Ended]:
    """How each step ended, in order; one that cannot be read or sampled leaves the others alone.

    read: a step to what the engine samples, with noise that has not been drawn from. sample: those
    with at most so many rows at once. record: what came of one, with what was measured of the
    whole batch, to the step's result; its info also holds the commit of a model of the hub.
    Raises what concerns the batch: StepCancelled, and whatever `sample` raises.
    """
    network = CountedNetwork(stage.unet, stage.device)

    def attempt(rows: int) -> list[Result | DarkroomError]:
        # Read again at each attempt: the noise of a run that ended early is spent.
        items = [_read(step, read) for step in steps]
        whole = [item for item in items if not isinstance(item, DarkroomError)]
        results = iter(sample(network, whole, rows))
        return [item if isinstance(item, DarkroomError) else next(results) for item in items]

    rows = rows_at_once(stage.device, stage.sample_size)
    ended = with_rows_that_fit(attempt, rows, steps[0].name)
    measured = network.metrics()

    def recorded(step: Step, result: Result) -> StepResult:
        made = record(step, result, {**_counted(result), **measured})
        return replace(made, info={**made.info, "commit": stage.commit})

    return [
        result if isinstance(result, DarkroomError) else recorded(step, result)
        for step, result in zip(steps, ended, strict=True)
    ]


def _read(step: Step, read: Callable[[Step], Item]) -> Item | DarkroomError:
    try:
        return read(step)
    except StepCancelled:
        raise
    except DarkroomError as error:
        return error


def _counted(result: Result) -> dict[str, float]:
    return {"unet_rows": float(result.unet_rows), "forwards": float(result.forwards)}
