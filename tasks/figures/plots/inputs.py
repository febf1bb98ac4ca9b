"""What plots read of a step: inputs by epoch, metrics, and their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks import StepFailed
from tasks.figures.grid import Images
from tasks.figures.style import SIGMA

if TYPE_CHECKING:
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


def labels(step: Step, count: int) -> list[str]:
    """The titles of `count` models, as the declaration gives them."""
    given = step.params.get("labels") or []
    if len(given) != count:
        raise StepFailed(f"{step.name}: {len(given)} labels for {count} models")
    return [str(label) for label in given]


def nearest(values: Images, wanted: float) -> int:
    """Index of the entry of `values` closest to `wanted`."""
    return int(np.argmin(np.abs(np.asarray(values, dtype=np.float64) - wanted)))


def epoch_label(epoch: int) -> str:
    return f"epoch {epoch}"


def sigma_label(sigma: float) -> str:
    return f"{SIGMA} = {sigma:.4g}" if sigma % 1 else f"{SIGMA} = {sigma:.1f}"
