"""What of a picture is not the U-Net's to decide, put back after every step.

Outside a mask that is the original; with a fixed component it is that component of the reference.
Both are noised to the timestep that the step has reached, since that is what the U-Net expects to
see next to its own content (Lugmayr et al. 2022, RePaint, eq. 8); the clean ones only at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tasks.diffusion.diffusion_schedule import CLEAN, DiffusionSchedule, forward
from tasks.diffusion.noise_source import NoiseSource, Stream, draw
from tasks.diffusion.numbering import distinct, rows_of
from tasks.diffusion.trajectory import Trajectory

Merge = Callable[[Tensor, Tensor, np.ndarray], Tensor]


class KeptContent:
    """Masks and fixed components of all trajectories; many have neither."""

    def __init__(
        self,
        schedule: DiffusionSchedule,
        trajectories: Sequence[Trajectory],
        sources: Sequence[NoiseSource],
        size: int,
        device: torch.device | str,
    ) -> None:
        self._schedule = schedule
        self._size = size
        self._device = device
        self._sources = sources
        self._originals = _Bank(
            [t.image if t.mask is not None else None for t in trajectories], device
        )
        self._masks = _Bank([t.mask for t in trajectories], device)
        self._references = _Bank([t.reference for t in trajectories], device)
        fixed = [t.combination.fixed for t in trajectories]
        self._maps, self._map_of = distinct(fixed)

    def put_back(self, trajectories: np.ndarray, x: Tensor, t: Tensor) -> Tensor:
        """x [K, 3, S, S] of these trajectories at timesteps t [K], with what is kept in place."""
        x = self._merge(trajectories, x, t, self._references, "reference", self._fix_component)
        return self._merge(trajectories, x, t, self._originals, "kept", self._keep_unmasked)

    def _merge(
        self,
        trajectories: np.ndarray,
        x: Tensor,
        t: Tensor,
        pictures: _Bank,
        stream: Stream,
        merge: Merge,
    ) -> Tensor:
        places = np.flatnonzero(pictures.has[trajectories])
        if not len(places):
            return x
        members = trajectories[places]
        reached = t[places]
        sources = [
            None if at == CLEAN else self._sources[i]
            for i, at in zip(members, reached.tolist(), strict=True)
        ]
        noise = draw(sources, stream, self._size).to(self._device)
        noised = forward(self._schedule, pictures.of(members), reached, noise)
        merged = merge(rows_of(x, places), noised, members)
        return x.index_copy(0, torch.from_numpy(places).to(x.device), merged)

    def _keep_unmasked(self, x: Tensor, original: Tensor, trajectories: np.ndarray) -> Tensor:
        mask = self._masks.of(trajectories)
        return mask * x + (1 - mask) * original

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


class _Bank:
    """Tensors that some trajectories have, stacked on the device."""

    def __init__(self, tensors: Sequence[Tensor | None], device: torch.device | str) -> None:
        present = [tensor.float() for tensor in tensors if tensor is not None]
        self.has = np.array([tensor is not None for tensor in tensors])
        self._place = self.has.cumsum() - 1
        self._stacked = torch.stack(present).to(device) if present else torch.empty(0)

    def of(self, trajectories: np.ndarray) -> Tensor:
        return rows_of(self._stacked, self._place[trajectories])
