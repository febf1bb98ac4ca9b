"""The pictures of all trajectories, and how each is taken a step on.

What of a picture is not the U-Net's to decide is put back after every step: outside a mask the
original, with a fixed component that component of the reference. Both are noised to the timestep
that the step has reached, since that is what the U-Net expects to see next to its own content
(Lugmayr et al. 2022, RePaint, section 4.1); the clean ones only at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tasks import BadInput, StepFailed
from tasks.diffusion.measures import LEVELS_PER_UNIT
from tasks.diffusion.seeds import Stream, draw
from tasks.diffusion.trajectories.diffusion_schedule import CLEAN, DiffusionSchedule, forward
from tasks.diffusion.trajectories.posterior import reverse_step
from tasks.diffusion.trajectories.rows import distinct, rows_of
from tasks.diffusion.trajectories.trajectory import Trajectory


class PicturesInProgress:
    """x: [trajectory, 3, size, size] float32 on the device, each trajectory's x_t.
    t: [trajectory] int64 on the CPU, the timestep of each, CLEAN at the end.
    snapshots: for each trajectory the kept x_t by t, on the CPU.
    failures: why a trajectory ended early, or in nothing.
    """

    def __init__(
        self,
        schedule: DiffusionSchedule,
        trajectories: Sequence[Trajectory],
        size: int,
        device: torch.device | str,
    ) -> None:
        for trajectory in trajectories:
            _check(trajectory, schedule, size)
        self._schedule, self._trajectories = schedule, trajectories
        self._sources = [trajectory.noise_source() for trajectory in trajectories]
        self._size, self._device = size, device
        self._originals = _Bank(
            [t.image if t.mask is not None else None for t in trajectories], device
        )
        self._masks = _Bank([t.mask for t in trajectories], device)
        self._references = _Bank([t.reference for t in trajectories], device)
        self._maps, self._map_of = distinct(t.combination.fixed for t in trajectories)
        self._position = [0] * len(trajectories)
        self.snapshots: list[dict[int, Tensor]] = [{} for _ in trajectories]
        self.failures: dict[int, StepFailed] = {}
        self.t = torch.tensor([trajectory.visited_timesteps[0] for trajectory in trajectories])
        self.x = self._start()
        self._keep_snapshots(np.arange(len(trajectories)))

    def advance(self, trajectories: np.ndarray, eps: Tensor, variance: Tensor) -> None:
        """Take some trajectories to their next timestep.

        eps, variance: [chosen, 3, size, size], the U-Net's estimates for them at their timesteps
        now.
        """
        t, t_next = self.t[torch.from_numpy(trajectories)], self._next_timesteps(trajectories)
        noise = self._noise("step", trajectories, t_next)
        x_t = rows_of(self.x, trajectories)
        x = reverse_step(self._schedule, x_t, eps, variance, t, t_next, noise)
        x = self._merge(x, trajectories, t_next, self._references, "reference", self._fix_component)
        x = self._merge(x, trajectories, t_next, self._originals, "kept", self._keep_unmasked)
        self.x[torch.from_numpy(trajectories).to(self._device)] = x
        self.t[torch.from_numpy(trajectories)] = t_next
        self._keep_snapshots(trajectories)
        self._find_failures(trajectories, x, t.tolist())

    def clean(self, trajectory: int) -> Tensor:
        """The finished picture, [3, size, size] in [-1, 1] on the CPU."""
        return self.x[trajectory].clamp(-1, 1).cpu()

    def _start(self) -> Tensor:
        """Noise, or the image noised to the first timestep (SDEdit, Meng et al. 2022), or the x_t
        that the trajectory goes on from."""
        x = draw(self._sources, "start", self._size)
        for i, trajectory in enumerate(self._trajectories):
            if trajectory.noisy is not None:
                x[i] = trajectory.noisy
                for _ in trajectory.timesteps[: trajectory.i_start]:
                    draw([self._sources[i]], "step", self._size)
            elif trajectory.i_start is not None and trajectory.image is not None:
                clean = trajectory.image.float()[None]
                x[i] = forward(self._schedule, clean, self.t[i : i + 1], x[i : i + 1])[0]
        return x.to(self._device)

    def _noise(self, stream: Stream, trajectories: np.ndarray, t: Tensor) -> Tensor:
        """For each trajectory the next noise of a stream; zeros, undrawn, where t is CLEAN."""
        sources = [
            None if at == CLEAN else self._sources[i]
            for i, at in zip(trajectories, t.tolist(), strict=True)
        ]
        return draw(sources, stream, self._size).to(self._device)

    def _merge(
        self,
        x: Tensor,
        trajectories: np.ndarray,
        t: Tensor,
        pictures: _Bank,
        stream: Stream,
        merge: Callable[[Tensor, Tensor, np.ndarray], Tensor],
    ) -> Tensor:
        """x with what `merge` keeps of those trajectories that have one of `pictures`."""
        places = np.flatnonzero(pictures.has[trajectories])
        if not len(places):
            return x
        members, reached = trajectories[places], t[places]
        noise = self._noise(stream, members, reached)
        noised = forward(self._schedule, pictures.of(members), reached, noise)
        merged = merge(rows_of(x, places), noised, members)
        return x.index_copy(0, torch.from_numpy(places).to(x.device), merged)

    def _keep_unmasked(self, x: Tensor, original: Tensor, trajectories: np.ndarray) -> Tensor:
        mask = self._masks.of(trajectories)
        return mask * x + (1 - mask) * original  # Lugmayr et al. 2022, eq. 8c, m = 1 - mask

    def _fix_component(self, x: Tensor, reference: Tensor, trajectories: np.ndarray) -> Tensor:
        fixed = x.clone()
        for number in np.unique(self._map_of[trajectories]):
            component = self._maps[number]
            if component is not None:
                rows = torch.from_numpy(np.flatnonzero(self._map_of[trajectories] == number))
                rows = rows.to(x.device)
                # component(reference) + (1 - component)(x), the component being linear.
                fixed[rows] += component(reference[rows] - x[rows])
        return fixed

    def _next_timesteps(self, trajectories: np.ndarray) -> Tensor:
        t_next = []
        for i in trajectories:
            self._position[i] += 1
            remaining = self._trajectories[i].visited_timesteps[self._position[i] :]
            t_next.append(remaining[0] if remaining else CLEAN)
        return torch.tensor(t_next)

    def _keep_snapshots(self, trajectories: np.ndarray) -> None:
        for i in trajectories:
            t = int(self.t[i])
            if t in self._trajectories[i].snapshots:
                self.snapshots[i][t] = self.x[i].to("cpu", copy=True)

    def _find_failures(self, trajectories: np.ndarray, x: Tensor, t: list[int]) -> None:
        is_finite = x.isfinite().flatten(1).all(dim=1).tolist()
        for k, i in enumerate(trajectories):
            name = self._trajectories[i].name
            if not is_finite[k]:
                self.failures[i] = StepFailed(
                    f"{name}: the picture has non-finite pixels after the step from t = {t[k]}; "
                    "sample in float32 (--number-format float32), or in bfloat16 where float16 "
                    "overflows"
                )
            elif self.t[i] == CLEAN and _is_flat(x[k]):
                self.failures[i] = StepFailed(
                    f"{name}: the picture is one flat colour; the prompt embeddings or the weights "
                    "may be corrupt (a T5 encoder cast to float16 gives this), or guidance_scale "
                    "is far too high"
                )


class _Bank:
    """Tensors that some trajectories have, stacked on the device."""

    def __init__(self, tensors: Sequence[Tensor | None], device: torch.device | str) -> None:
        present = [tensor.float() for tensor in tensors if tensor is not None]
        self.has = np.array([tensor is not None for tensor in tensors])
        self._place = self.has.cumsum() - 1
        self._stacked = torch.stack(present).to(device) if present else torch.empty(0)

    def of(self, trajectories: np.ndarray) -> Tensor:
        return rows_of(self._stacked, self._place[trajectories])


def _is_flat(picture: Tensor) -> bool:
    """Whether a picture [3, size, size] has one 8-bit colour."""
    span = picture.clamp(-1, 1).flatten(1)
    return float((span.amax(dim=1) - span.amin(dim=1)).max()) < 1 / LEVELS_PER_UNIT


def _check(trajectory: Trajectory, schedule: DiffusionSchedule, size: int) -> None:
    if trajectory.timesteps[0] >= schedule.num_train_timesteps or trajectory.timesteps[-1] < 0:
        raise BadInput(
            f"{trajectory.name} has timesteps {trajectory.timesteps[0]} to "
            f"{trajectory.timesteps[-1]}; the model knows {schedule.num_train_timesteps - 1} to 0"
        )
    for what, channels in (("image", 3), ("reference", 3), ("condition", 3), ("mask", 1)):
        tensor: Tensor | None = getattr(trajectory, what)
        if tensor is not None and tensor.shape != (channels, size, size):
            raise BadInput(
                f"{trajectory.name} has a {what} of shape {list(tensor.shape)}; expected "
                f"{[channels, size, size]}"
            )
