"""What sampling steps share: prompts and pictures read once, and the use of a network."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tasks import DarkroomError, StepCancelled, StepFailed
from tasks.data.images import model_image, to_png
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Result, Trajectory
from tasks.running.step import Step, StepResult
from tasks.text_to_image.deepfloyd import LoadedStage
from tasks.text_to_image.memory import MIB

T = TypeVar("T")

Ended = StepResult | DarkroomError

ROWS_AT_64 = {"cpu": 32, "mps": 16, "cuda": 128}
"""Rows of a full batch of pictures of 64x64. Larger pictures take as many fewer."""


class SamplingInputs:
    """Prompts that steps share are one tensor, so that the engine can tell that they are the same.

    stage: the one they are sampled with; schedule: its own.
    """

    def __init__(self, stage: LoadedStage) -> None:
        self.stage, self.schedule = stage, stage.schedule
        self._read: dict[tuple[str, str], Tensor] = {}

    def prompts(self, step: Step) -> tuple[Tensor, ...]:
        """Embeddings [77, d] of the inputs prompt_0, prompt_1, ..."""
        return tuple(
            self._embeds(step, role) for role in numbered_inputs(step, "prompt_", "prompt")
        )

    def unconditional(self, step: Step) -> Tensor | None:
        """Embedding [77, d] of the empty prompt, None for a step that is not guided."""
        return self._embeds(step, "unconditional") if "unconditional" in step.inputs else None

    def picture(self, step: Step, role: str) -> Tensor | None:
        """An input image, [3, size, size] in [-1, 1] as the stage takes it; None without one."""
        if role not in step.inputs:
            return None
        return self._once(
            step,
            role,
            "image.png",
            lambda: torch.from_numpy(
                model_image(step.read(role, "image.png"), self.stage.sample_size)
            ),
        )

    def _embeds(self, step: Step, role: str) -> Tensor:
        name = "embedding.safetensors"
        embeds = self._once(
            step, role, name, lambda: step.read_tensors(role, name)["prompt_embeds"]
        )
        width = self.stage.embedding_width
        if embeds.shape[-1] != width:
            raise StepFailed(
                f"{step.name}: {step.inputs[role].name} is {embeds.shape[-1]} wide, and the U-Net "
                f"takes {width}; encode prompts with the text encoder of the same model"
            )
        return embeds

    def _once(self, step: Step, role: str, name: str, read: Callable[[], Tensor]) -> Tensor:
        place = step.inputs[role].key, name
        if place not in self._read:
            self._read[place] = read()
        return self._read[place]


def numbered_inputs(step: Step, prefix: str, what: str) -> list[str]:
    """The roles <prefix>0, <prefix>1, ... of its inputs, in order."""
    roles = [role for role in step.inputs if role.startswith(prefix)]
    if not roles:
        raise StepFailed(f"{step.name}: it has no {what} among its inputs; plan it again")
    return sorted(roles, key=lambda role: int(role.removeprefix(prefix)))


def rows_at_once(device: str, size: int) -> int:
    """Rows of a full batch of pictures of size x size."""
    return max(1, ROWS_AT_64.get(device, ROWS_AT_64["cpu"]) * 64 * 64 // (size * size))


def with_rows_that_fit(call: Callable[[int], T], rows: int, name: str) -> T:
    """What `call` returns for the most rows at once that the device's memory holds.

    Halves `rows` whenever memory runs out. Raises StepFailed if even one row is too much.
    """
    while True:
        try:
            return call(rows)
        except torch.OutOfMemoryError as error:
            if rows == 1:
                raise StepFailed(
                    f"{name}: the device's memory does not hold one picture beside the model "
                    f"({error}); free it of other programs, or choose a smaller model"
                ) from error
        rows //= 2
        torch.cuda.empty_cache()


class CountedNetwork:
    """A U-Net that counts what it is asked, from the moment it is made."""

    def __init__(self, unet: Callable[..., Tensor], device: str) -> None:
        self._unet, self._device = unet, device
        self._began = time.perf_counter()
        self.rows = self.forwards = 0
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()

    def __call__(self, x: Tensor, *others: Tensor) -> Tensor:
        self.rows += len(x)
        self.forwards += 1
        return self._unet(x, *others)

    def in_memory(self, call: Callable[[int], T], size: int, name: str) -> T:
        """What `call` returns for the most rows of size x size pixels at once that memory holds."""
        return with_rows_that_fit(call, rows_at_once(self._device, size), name)

    def metrics(self) -> dict[str, float]:
        """rows_per_second; forwards_per_second, of batches; peak_memory_mib of the process, or of
        the GPU where there is one."""
        seconds = max(time.perf_counter() - self._began, 1e-9)
        return {
            "rows_per_second": self.rows / seconds,
            "forwards_per_second": self.forwards / seconds,
            "peak_memory_mib": _peak_memory(self._device) / MIB,
        }


def sample_steps(
    steps: Sequence[Step],
    stage: LoadedStage,
    schedule: DiffusionSchedule,
    read: Callable[[Step], Trajectory],
    record: Callable[[Step, Result], StepResult],
) -> list[Ended]:
    """How each step ended, in order; one that cannot be read or sampled leaves the others alone.

    read: a step to what the engine samples, with noise that has not been drawn from. record: what
    came of one to the step's result. Its metrics also hold unet_rows; forwards, batches they came
    in; those of CountedNetwork for all steps; its info the commit of a model of the hub. Raises
    what concerns all of them: StepCancelled, and whatever the engine raises.
    """
    network = CountedNetwork(stage.unet, stage.device)

    def attempt(rows: int) -> list[Result | DarkroomError]:
        # Read again at each attempt: the noise of a run that ended early is spent.
        items = [_read(step, read) for step in steps]
        results = iter(
            sample(
                network,
                schedule,
                [item for item in items if not isinstance(item, DarkroomError)],
                size=stage.sample_size,
                max_rows=rows,
                device=stage.device,
                report=steps[0].report,
                should_stop=steps[0].should_stop,
            )
        )
        return [item if isinstance(item, DarkroomError) else next(results) for item in items]

    ended = network.in_memory(attempt, stage.sample_size, steps[0].name)
    measured = network.metrics()

    def recorded(step: Step, result: Result) -> StepResult:
        made = record(step, result)
        counted = {"unet_rows": float(result.unet_rows), "forwards": float(result.forwards)}
        return replace(
            made,
            metrics={**counted, **measured, **made.metrics},
            info={**made.info, "commit": stage.commit},
        )

    return [
        result if isinstance(result, DarkroomError) else recorded(step, result)
        for step, result in zip(steps, ended, strict=True)
    ]


def picture_png(picture: Tensor) -> bytes:
    """[3, size, size] in [-1, 1] as RGB with 8 bits."""
    levels = picture.float().cpu().clamp(-1, 1).add(1).mul(127.5).round().byte()
    return to_png(Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy())))


def _read(step: Step, read: Callable[[Step], Trajectory]) -> Trajectory | DarkroomError:
    try:
        return read(step)
    except StepCancelled:
        raise
    except DarkroomError as error:
        return error


def _peak_memory(device: str) -> float:
    """Bytes."""
    if device == "cuda":
        return float(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return float(peak if sys.platform == "darwin" else peak * 1024)
