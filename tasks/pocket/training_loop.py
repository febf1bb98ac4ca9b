"""How every part of the pocket model is trained: the recipe of its phases, and the loop that goes
through one: steps, rate, average, checkpoints.

Step k draws all its randomness from a generator named (phase, k), so training resumed from a
checkpoint goes on exactly as it would have without the interruption.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from tasks import StepCancelled, TrainingFailed
from tasks.diffusion.process.trainer import ExponentialMovingAverage
from tasks.diffusion.seeds import named_generator
from tasks.pocket.words import ORDER
from tasks.store.local_files import write_local_file


@dataclass(frozen=True)
class Phase:
    """One stretch of training.

    learning_rate: reached after warm_up_steps, then lowered along a half cosine to
        final_fraction of itself at the last step.
    """

    name: str
    steps: int
    batch_size: int
    learning_rate: float
    warm_up_steps: int = 200
    final_fraction: float = 0.02
    ema_decay: float = 0.999
    weight_decay: float = 0.01
    clip_norm: float = 1.0

    def rate(self, step: int) -> float:
        """Learning rate of `step`, counted from 0."""
        if step < self.warm_up_steps:
            return self.learning_rate * (step + 1) / self.warm_up_steps
        done = (step - self.warm_up_steps) / max(self.steps - self.warm_up_steps, 1)
        cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        return self.learning_rate * (self.final_fraction + (1 - self.final_fraction) * cosine)


@dataclass
class PhaseState:
    """After `step` steps: mean losses, one a window, and seconds of training.

    window: sum of the losses since the last of them, over window_steps steps.
    """

    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    window: Tensor = field(default_factory=lambda: torch.zeros(()))
    window_steps: int = 0


WINDOW = 50
"""Steps a reported loss is the mean of."""


def run_phase(
    phase: Phase,
    network: nn.Module,
    loss: Callable[[torch.Generator, int], Tensor],
    *,
    seed: int,
    checkpoint: Path,
    checkpoint_seconds: float = 240,
    device: torch.device | str = "cpu",
    on_window: Callable[[PhaseState, ExponentialMovingAverage], None] = lambda state, ema: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[PhaseState, dict[str, Tensor]]:
    """Train `network`, which lies on `device`, in place; returns what happened and the averaged
    weights.

    loss: (generator of the step on `device`, batch size) to a scalar. checkpoint: a safetensors
    file, read where it exists and written every checkpoint_seconds, at the end, and when
    should_stop says so.
    Raises TrainingFailed on a non-finite loss, StepCancelled when stopped.
    """
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(
        parameters,
        lr=phase.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=phase.weight_decay,
        fused=True,
    )
    ema = ExponentialMovingAverage(network, phase.ema_decay)
    state = _load(checkpoint, network, optimizer, ema, torch.device(device))
    network.train()
    started = time.monotonic()
    before, saved = state.seconds, started
    while state.step < phase.steps:
        for group in optimizer.param_groups:
            group["lr"] = phase.rate(state.step)
        value = loss(named_generator(seed, phase.name, state.step, device=device), phase.batch_size)
        value.backward()
        nn.utils.clip_grad_norm_(parameters, phase.clip_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update()
        state.window = state.window + value.detach()
        state.window_steps += 1
        state.step += 1
        now = time.monotonic()
        state.seconds = before + now - started
        if state.step % WINDOW == 0:
            mean = float(state.window) / state.window_steps
            state.window, state.window_steps = torch.zeros(()), 0
            if not math.isfinite(mean):
                raise TrainingFailed(
                    f"{phase.name}: the loss is {mean} after {state.step} steps; lower "
                    f"learning_rate (now {phase.learning_rate:g})"
                )
            state.losses.append(mean)
            on_window(state, ema)
        stopping = should_stop()
        if stopping or now - saved > checkpoint_seconds or state.step == phase.steps:
            _save(checkpoint, state, network, optimizer, ema)
            saved = now
        if stopping and state.step < phase.steps:
            raise StepCancelled(f"{phase.name} stopped after {state.step} of {phase.steps} steps")
    return state, ema.weights


def _save(
    path: Path,
    state: PhaseState,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    ema: ExponentialMovingAverage,
) -> None:
    flat: dict[str, Tensor] = {
        "step": torch.tensor(state.step),
        "seconds": torch.tensor(state.seconds, dtype=torch.float64),
        "losses": torch.tensor(state.losses, dtype=torch.float64),
        "window": state.window,
        "window_steps": torch.tensor(state.window_steps),
        "ema_updates": torch.tensor(ema.num_updates),
    }
    for name, tensor in network.state_dict().items():
        flat[f"network/{name}"] = tensor.contiguous()
    for name, tensor in ema.weights.items():
        flat[f"ema/{name}"] = tensor.contiguous()
    for index, values in optimizer.state_dict()["state"].items():
        for name, tensor in values.items():
            flat[f"optimizer/{index}/{name}"] = tensor.contiguous()
    # Tensors tied to one storage would be refused; each gets a copy of its own.
    write_local_file(path, save({name: tensor.cpu().clone() for name, tensor in flat.items()}))


def _load(
    path: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    ema: ExponentialMovingAverage,
    device: torch.device,
) -> PhaseState:
    try:
        flat = load_file(path, device=str(device))
    except (FileNotFoundError, SafetensorError):
        return PhaseState()
    network.load_state_dict(_group(flat, "network"))
    ema.load(_group(flat, "ema"), int(flat["ema_updates"]))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _group(flat, "optimizer").items():
        index, _, slot = name.partition("/")
        slots.setdefault(int(index), {})[slot] = tensor
    whole = optimizer.state_dict()
    whole["state"] = slots
    optimizer.load_state_dict(whole)
    state = PhaseState(int(flat["step"]), float(flat["seconds"]), flat["losses"].tolist())
    # A state without them ends a window with the mean of the steps that it knows.
    if "window" in flat:
        state.window, state.window_steps = flat["window"], int(flat["window_steps"])
    return state


def _group(flat: dict[str, Tensor], group: str) -> dict[str, Tensor]:
    prefix = f"{group}/"
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in flat.items()
        if name.startswith(prefix)
    }


@dataclass(frozen=True)
class PocketRecipe:
    """styles: name of a style to how often it is drawn. phases: name to how that stretch of
    training goes, in the order in which they follow each other.
    """

    styles: dict[str, float]
    phases: dict[str, Phase]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> PocketRecipe:
        """From {"styles", "phases": {name: settings of Phase}}."""
        declared = params["phases"]
        phases = {
            name: Phase(name=name, **declared[name]) for name in sorted(declared, key=ORDER.index)
        }
        return cls(dict(params["styles"]), phases)
