"""The one training loop, for every objective.

The loop owns no random state: epoch k draws its order, timesteps and noise from a generator named
("epoch", k). So a run resumed after epoch k goes on exactly as the uninterrupted one would have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tasks import DeadlineReached, StepCancelled, TrainingFailed
from tasks.diffusion.networks.inference import autocast
from tasks.diffusion.process.augmentation import random_flip, random_shift
from tasks.diffusion.process.muon import Muon
from tasks.diffusion.process.objectives import Objective
from tasks.diffusion.seeds import named_generator


class ExponentialMovingAverage:
    """average <- decay * average + (1 - decay) * weights, after every step.

    decay in [0, 1). Early on the decay is lowered to (1 + n) / (10 + n) after n updates, so that
    the random initial weights are forgotten quickly. BatchNorm's running statistics are averaged
    too: the averaged weights were never run with any other statistics. Integer buffers are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        """network: the one to follow. Its tensors may change in place, but not be replaced."""
        self.decay = decay
        # Listed once: a network takes as long to list its tensors as to average them.
        state = network.state_dict()
        self.weights = {name: tensor.detach().clone() for name, tensor in state.items()}
        self._floating = self._pairs(state, lambda tensor: tensor.is_floating_point())
        self._counts = self._pairs(state, lambda tensor: not tensor.is_floating_point())
        self.num_updates = 0

    def _pairs(
        self, state: dict[str, Tensor], chosen: Callable[[Tensor], bool]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Averages, and what they follow."""
        names = [name for name, tensor in state.items() if chosen(tensor)]
        return [self.weights[name] for name in names], [state[name] for name in names]

    def load(self, weights: dict[str, Tensor], num_updates: int) -> None:
        """Go on from an average that has seen num_updates steps."""
        for name, tensor in weights.items():
            self.weights[name].copy_(tensor)
        self.num_updates = num_updates

    @torch.no_grad()
    def update(self) -> None:
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        torch._foreach_lerp_(*self._floating, 1 - decay)
        for average, count in zip(*self._counts, strict=True):
            average.copy_(count)
        self.num_updates += 1


# Losses stay on the device and are looked at this often: one synchronisation per window.
WINDOW_STEPS = 50
# A learning rate that is merely too high doubles the loss; one that diverges multiplies it.
DIVERGENCE_FACTOR = 10.0


@dataclass(frozen=True)
class Recipe:
    """How to train, whatever the objective.

    steps_per_epoch: None for one pass over the data; a number makes an epoch of that many
        batches, going round the data as often as that takes.
    decay: "exponential" multiplies the rate by 0.1^(1/epochs) after each epoch, so that the last
        epoch runs near a tenth of learning_rate; "constant" keeps it.
    optimizer: "adam", or "muon" (tasks.diffusion.process.muon).
    ema_decay: None, or the decay of the average of the weights that checkpoints then hold.
    max_shift: each image is moved by up to this many pixels each way, filled with background.
    horizontal_flip: each image is mirrored with probability 1/2.
    number_format: "float32", or "bfloat16" for autocast with float32 weights and loss.
    """

    batch_size: int
    epochs: int
    learning_rate: float
    seed: int
    decay: str = "constant"
    optimizer: str = "adam"
    steps_per_epoch: int | None = None
    ema_decay: float | None = None
    max_shift: int = 0
    horizontal_flip: bool = False
    number_format: str = "float32"

    def learning_rate_of(self, epoch: int) -> float:
        """Rate during `epoch`, counted from 0."""
        if self.decay == "constant":
            return self.learning_rate
        return self.learning_rate * 0.1 ** (epoch / self.epochs)


@dataclass
class TrainingState:
    """Everything needed to go on after an epoch: tensors by name, and what has happened."""

    epoch: int = 0
    seconds: float = 0.0
    losses: Tensor = field(default_factory=lambda: torch.empty(0))
    network: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    ema: dict[str, Tensor] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights to sample with: the average where there is one."""
        return self.ema or self.network

    def to_tensors(self) -> dict[str, Tensor]:
        """Flat mapping of contiguous tensors, for a safetensors file."""
        groups = {"network": self.network, "optimizer": self.optimizer, "ema": self.ema}
        flat = {
            f"{group}/{name}": tensor.contiguous()
            for group, tensors in groups.items()
            for name, tensor in tensors.items()
        }
        flat["losses"] = self.losses.contiguous()
        flat["epoch"] = torch.tensor(self.epoch)
        flat["seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        return flat

    @classmethod
    def from_tensors(cls, flat: dict[str, Tensor]) -> TrainingState:
        groups: dict[str, dict[str, Tensor]] = {"network": {}, "optimizer": {}, "ema": {}}
        for name, tensor in flat.items():
            group, slash, rest = name.partition("/")
            if slash:
                groups[group][rest] = tensor
        return cls(
            epoch=int(flat["epoch"]),
            seconds=float(flat["seconds"]),
            losses=flat["losses"],
            **groups,
        )


def train(
    network: nn.Module,
    objective: Objective,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    *,
    device: torch.device | str = "cpu",
    resume_from: TrainingState | None = None,
    on_epoch: Callable[[TrainingState], None] = lambda state: None,
    on_progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
    should_stop: Callable[[], bool] = lambda: False,
    deadline_seconds: float | None = None,
) -> TrainingState:
    """Train `network` in place and return the state after the last epoch.

    images: [image, 28, 28], uint8. labels: [image], int64. on_epoch gets the state after each epoch
    (save it there to make the run resumable); on_progress gets (steps done, steps in all, mean loss
    of the last window).

    Raises TrainingFailed on a non-finite or diverging loss, DeadlineReached once this call has run
    for deadline_seconds, StepCancelled when should_stop says so. What on_epoch saved stays good.
    """
    device = torch.device(device)
    state = resume_from or TrainingState()
    # torch's stubs know memory_format for tensors only.
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    images = images.to(device)
    labels = labels.to(device)
    optimizer = _optimizer(network, recipe)
    ema = None
    if recipe.ema_decay is not None:
        ema = ExponentialMovingAverage(network, recipe.ema_decay)
    if state.epoch:
        network.load_state_dict(state.network)
        _load_optimizer(optimizer, network, state.optimizer)
        if ema is not None:
            ema.load(state.ema, num_updates=len(state.losses))

    steps_per_epoch = recipe.steps_per_epoch or math.ceil(len(images) / recipe.batch_size)
    total_steps = recipe.epochs * steps_per_epoch
    losses = [state.losses]
    started = time.monotonic()

    for epoch in range(state.epoch, recipe.epochs):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate_of(epoch)
        generator = named_generator(recipe.seed, "epoch", epoch, device=device)
        window: list[Tensor] = []
        epoch_losses: list[Tensor] = []
        for step, rows in enumerate(
            _batches(len(images), recipe.batch_size, steps_per_epoch, generator)
        ):
            x = images[rows].float().div_(255)[:, None]
            if recipe.max_shift:
                x = random_shift(x, recipe.max_shift, generator)
            if recipe.horizontal_flip:
                x = random_flip(x, generator)
            with autocast(device, recipe.number_format):
                loss = objective.loss(network, x, labels[rows], generator)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if ema is not None:
                ema.update()
            window.append(loss.detach())

            if len(window) == WINDOW_STEPS or step + 1 == steps_per_epoch:
                seen = torch.stack(window).cpu()
                window = []
                epoch_losses.append(seen)
                done = epoch * steps_per_epoch + step + 1
                if not bool(seen.isfinite().all()):
                    raise TrainingFailed(
                        f"the loss became non-finite in epoch {epoch + 1}, before step {done}; "
                        f"the checkpoint after epoch {epoch} is kept. "
                        f"Lower learning_rate (now {recipe.learning_rate:g}) and run again."
                    )
                on_progress(done, total_steps, float(seen.mean()))
            if should_stop():
                raise StepCancelled(
                    f"training was stopped in epoch {epoch + 1} of {recipe.epochs}; "
                    f"the next run resumes after epoch {epoch}."
                )
            if deadline_seconds is not None and time.monotonic() - started > deadline_seconds:
                raise DeadlineReached(
                    f"training passed its deadline of {deadline_seconds:g} s in epoch "
                    f"{epoch + 1} of {recipe.epochs}; the next run resumes after epoch {epoch}."
                )

        losses.extend(epoch_losses)
        _check_convergence(torch.cat(losses), steps_per_epoch, recipe.learning_rate)
        state = TrainingState(
            epoch=epoch + 1,
            seconds=(resume_from.seconds if resume_from else 0.0) + time.monotonic() - started,
            losses=torch.cat(losses),
            network=_snapshot(network.state_dict()),
            optimizer=_optimizer_tensors(optimizer, network),
            ema=_snapshot(ema.weights) if ema is not None else {},
        )
        on_epoch(state)
    return state


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "muon":
        return Muon(network.parameters(), lr=recipe.learning_rate)
    return torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)


def _batches(
    size: int, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Row numbers of `steps` batches: shuffled passes over the data, the last batch of one pass
    short, unless an epoch has more steps than a pass has full batches."""
    steps_per_pass = math.ceil(size / batch_size)
    if steps == steps_per_pass:
        yield from torch.randperm(size, generator=generator, device=generator.device).split(
            batch_size
        )
        return
    remaining = torch.empty(0, dtype=torch.int64, device=generator.device)
    for _ in range(steps):
        while len(remaining) < batch_size:
            order = torch.randperm(size, generator=generator, device=generator.device)
            remaining = torch.cat([remaining, order])
        yield remaining[:batch_size]
        remaining = remaining[batch_size:]


def _check_convergence(losses: Tensor, steps_per_epoch: int, learning_rate: float) -> None:
    """Raise TrainingFailed if the second half of the last epoch lost far more than training has
    before: more than the untrained network did, or the best epoch. The first half may spike."""
    halves = losses.view(-1, steps_per_epoch)[:, steps_per_epoch // 2 :].mean(dim=1)
    before = min([float(losses[0]), *halves[:-1].tolist()])
    now, epoch = float(halves[-1]), len(halves)
    if now > DIVERGENCE_FACTOR * before:
        raise TrainingFailed(
            f"training diverged: the loss at the end of epoch {epoch} is {now:.4g}, at its best "
            f"before it was {before:.4g}; the checkpoint after epoch {epoch - 1} is kept. "
            f"Lower learning_rate (now {learning_rate:g}) and run again."
        )


def _snapshot(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def _optimizer_tensors(optimizer: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value.detach().to("cpu", copy=True)
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }


def _load_optimizer(
    optimizer: torch.optim.Optimizer, network: nn.Module, tensors: dict[str, Tensor]
) -> None:
    parameters = dict(network.named_parameters())
    for name, tensor in tensors.items():
        parameter_name, _, key = name.rpartition("/")
        parameter = parameters[parameter_name]
        restored = tensor.to(parameter.device, copy=True)
        if key != "step":
            # The moments follow the layout of their parameter, as the optimiser created them.
            restored = torch.empty_like(parameter).copy_(restored)
        optimizer.state[parameter][key] = restored
