"""What plots of digits and charts read of a step: inputs by role, metrics, samples, outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks import StepFailed
from tasks.figures.drawing.drawn import Origin
from tasks.figures.drawing.grid import Block
from tasks.figures.drawing.pixels import Images
from tasks.figures.drawing.style import SIGMA
from tasks.running.step import Step


def epoch_roles(step: Step) -> dict[int, str]:
    """Epoch to role, in order of epochs, for roles such as "epoch_005"."""
    roles = {
        int(role.removeprefix("epoch_")): role for role in step.inputs if role.startswith("epoch_")
    }
    if not roles:
        raise StepFailed(f"{step.name}: no checkpoint among its inputs; expected roles epoch_<NNN>")
    return dict(sorted(roles.items()))


def numbered_roles(step: Step, prefix: str) -> list[str]:
    """Roles "<prefix>_0", "<prefix>_1", ... in numeric order."""
    roles = [role for role in step.inputs if role.startswith(f"{prefix}_")]
    if not roles:
        raise StepFailed(f"{step.name}: no inputs with roles {prefix}_<i>")
    return sorted(roles, key=lambda role: int(role.rpartition("_")[2]))


def metric(step: Step, role: str, name: str) -> float:
    """A metric of an input."""
    row = step.inputs[role]
    if name not in row.metrics:
        raise StepFailed(
            f"{step.name}: {row.name} did not measure {name}; "
            f"it has {', '.join(sorted(row.metrics)) or 'no metrics'}"
        )
    return float(row.metrics[name])


def metrics_of(step: Step, roles: Sequence[str], name: str) -> list[float]:
    """A metric of each of several inputs."""
    return [metric(step, role, name) for role in roles]


def labels(step: Step, count: int) -> list[str]:
    """The titles of `count` models, as the declaration gives them."""
    given = step.params.get("labels") or []
    if len(given) != count:
        raise StepFailed(f"{step.name}: {len(given)} labels for {count} models")
    return [str(label) for label in given]


def epoch_label(epoch: int) -> str:
    return f"epoch {epoch}"


def sigma_label(sigma: float) -> str:
    return f"{SIGMA} = {sigma:.4g}" if sigma % 1 else f"{SIGMA} = {sigma:.1f}"


def seeded(step: Step, role: str | None = None) -> Origin:
    """Of images drawn from the seed that the panel's figure gives."""
    return Origin(role, {"seed": step.params["seed"]})


def at_sigmas(sigmas: Sequence[float]) -> list[Origin]:
    """Of columns, each at a sigma of its own."""
    return [Origin(params={"sigma": sigma}) for sigma in sigmas]


def nearest(values: Images, wanted: float) -> int:
    """Index of the entry of `values` closest to `wanted`."""
    return int(np.argmin(np.abs(np.asarray(values, dtype=np.float64) - wanted)))


def read_denoised(step: Step, role: str) -> dict[str, Images]:
    """Digits of the figure's seed, clean, noisy and as a checkpoint gave them back."""
    arrays = step.read_arrays(role, f"seed-{step.params['seed']}.safetensors")
    wanted = int(step.params.get("digits", 1))
    if arrays["clean"].shape[0] < wanted:
        raise StepFailed(
            f"{step.name}: {step.inputs[role].name} holds {arrays['clean'].shape[0]} digits, "
            f"expected at least {wanted}"
        )
    return arrays


def data_of(role: str) -> str:
    """The role of the data set that the checkpoint of `role` was tried on."""
    return f"{role}/data"


def sample_object(step: Step) -> str:
    """Name of the object in which a sample node keeps the grid this panel asked for."""
    params = step.params
    return f"seed-{params['seed']}-{params['rows']}x{params['columns']}.safetensors"


def class_labels(step: Step) -> list[str]:
    """Digits 0 to 9 over the columns of a class-conditioned model, else nothing."""
    if not step.params.get("label_classes"):
        return []
    return [str(digit) for digit in range(int(step.params["columns"]))]


def sampled_block(step: Step, role: str, title: str = "", images: Images | None = None) -> Block:
    """The samples of an input, or other `images` [rows * columns, height, width] u8 of it, under a
    title; every grid draws from the seed of its figure."""
    if images is None:
        images = step.read_arrays(role, sample_object(step))["images"]
    shape = (int(step.params["rows"]), int(step.params["columns"]), *images.shape[1:])
    classes = class_labels(step)
    return Block(
        images.reshape(shape),
        title,
        column_labels=classes,
        origin=seeded(step, role),
        column_origins=[Origin(params={"class": int(label)}) for label in classes],
    )
