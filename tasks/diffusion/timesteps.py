"""Which timesteps a trajectory visits, noisiest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks import BadInput


def strided_timesteps(first: int, stride: int) -> tuple[int, ...]:
    """first, first - stride, ... down to the last that is 0 or more: 990, 960, ..., 30, 0."""
    if first < 0 or stride < 1:
        raise BadInput(
            f"timesteps: first is {first} and stride is {stride}; expected first >= 0, stride >= 1"
        )
    return tuple(range(first, -1, -stride))


@dataclass(frozen=True)
class TimestepSpacing:
    """How num_inference_steps timesteps are spread over the num_train_timesteps of training.

    kind: "leading", "linspace" or "trailing", as in table 2 of Lin et al. 2023. steps_offset is
    added to leading timesteps only, as diffusers does.
    """

    num_train_timesteps: int
    kind: str = "leading"
    steps_offset: int = 0

    def timesteps(self, num_inference_steps: int) -> tuple[int, ...]:
        """Descending, num_inference_steps of them, the same as diffusers' DDPMScheduler gives."""
        total = self.num_train_timesteps
        if not 1 <= num_inference_steps <= total:
            raise BadInput(
                f"timesteps: num_inference_steps is {num_inference_steps}; expected 1 to {total}"
            )
        if self.kind == "leading":
            ratio = total // num_inference_steps
            ascending: np.ndarray = np.arange(num_inference_steps) * ratio + self.steps_offset
        elif self.kind == "linspace":
            ascending = np.linspace(0, total - 1, num_inference_steps).round()
        elif self.kind == "trailing":
            ascending = np.arange(total, 0, -total / num_inference_steps).round()[::-1] - 1
        else:
            raise BadInput(
                f"scheduler_config.json: timestep_spacing is {self.kind!r}; "
                "expected leading, linspace or trailing"
            )
        return tuple(int(t) for t in ascending[::-1])
