"""Digits with noise added, and what the one-step denoisers make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tasks import StepFailed
from tasks.figures.drawing import Drawing
from tasks.figures.grid import Block, Images, choose_scale, draw_blocks
from tasks.figures.origin import UNKNOWN, Origin
from tasks.figures.plots.inputs import (
    epoch_label,
    epoch_roles,
    nearest,
    sigma_label,
)
from tasks.figures.style import SIGMA
from tasks.figures.words import after_epochs

if TYPE_CHECKING:
    from tasks.running.step import Step


def draw_noising(step: Step) -> Drawing:
    """z = x + sigma * eps: test digits down, sigma across, one eps for each digit."""
    arrays = step.read_arrays("data", "arrays.safetensors")
    generator = np.random.default_rng(step.seed)
    chosen = pick_digits(arrays["test_labels"], int(step.params["digits"]), generator)
    clean = arrays["test_images"][chosen]
    sigmas = [float(sigma) for sigma in step.params["sigmas"]]
    eps = generator.standard_normal(clean.shape)
    noisy = np.stack([to_pixels(clean / 255 + sigma * eps) for sigma in sigmas], axis=1)
    block = Block(
        noisy,
        column_labels=[sigma_label(sigma) for sigma in sigmas],
        origin=Origin("data", {"seed": step.seed}),
        column_origins=_noised(sigmas),
    )
    alt = (
        f"{len(chosen)} test digits, one a row, with more noise from left to right: "
        f"{SIGMA} from {min(sigmas):g} to {max(sigmas):g}."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(len(sigmas))), alt)


def pick_digits(labels: Images, count: int, generator: np.random.Generator) -> list[int]:
    """Indices of `count` images, of different classes as far as there are classes."""
    order = generator.permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    distinct = order[np.sort(first)][:count]
    rest = [index for index in order if index not in set(distinct)]
    return [int(index) for index in [*distinct, *rest][:count]]


def to_pixels(images: np.ndarray) -> Images:
    """Values in [0, 1] to 0..255; what lies outside is cut, as a screen would."""
    pixels: Images = np.round(np.clip(images, 0.0, 1.0) * 255).astype(np.uint8)
    return pixels


def draw_denoised(step: Step) -> Drawing:
    """Test digits across; down: clean, noisy, and the output of each checkpoint."""
    roles = epoch_roles(step)
    digits = int(step.params["digits"])
    rows: list[Images] = []
    row_labels: list[str] = []
    origins: list[Origin] = []
    for epoch, role in roles.items():
        arrays = _read_denoised(step, role)
        at = nearest(arrays["sigmas"], float(step.params["sigma"]))
        noise = {"sigma": float(arrays["sigmas"][at])}
        if not rows:
            rows = [arrays["clean"][:digits], arrays["noisy"][at, :digits]]
            row_labels = ["clean", f"noisy, {sigma_label(noise['sigma'])}"]
            origins = [Origin(_data_of(role)), Origin(_data_of(role), noise)]
        rows.append(arrays["output"][at, :digits])
        row_labels.append(epoch_label(epoch))
        origins.append(Origin(role, noise))
    block = Block(np.stack(rows), row_labels=row_labels, origin=_seeded(step), row_origins=origins)
    alt = (
        f"{digits} test digits, clean, with noise, and denoised in one step {after_epochs(roles)}."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(digits + 1)), alt)


def draw_sigma_row(step: Step) -> Drawing:
    """One and the same digit at every sigma: noisy above, output of the last checkpoint below.

    params: sigmas, those to show; all that the checkpoint was tried at if there are none.
    """
    epoch, role = list(epoch_roles(step).items())[-1]
    arrays = _read_denoised(step, role)
    wanted = step.params.get("sigmas") or [float(sigma) for sigma in arrays["sigmas"]]
    shown = [nearest(arrays["sigmas"], sigma) for sigma in wanted]
    sigmas = [float(arrays["sigmas"][index]) for index in shown]
    digits = int(step.params.get("digits", 1))
    rows = [arrays[name][shown, digit] for digit in range(digits) for name in ("noisy", "output")]
    block = Block(
        np.stack(rows),
        row_labels=["noisy", "output"] * digits,
        column_labels=[sigma_label(sigma) for sigma in sigmas],
        origin=_seeded(step),
        row_origins=[Origin(_data_of(role)), Origin(role)] * digits,
        column_origins=_noised(sigmas),
    )
    what = "One test digit" if digits == 1 else f"{digits} test digits"
    alt = (
        f"{what} with noise of {SIGMA} from {min(sigmas):g} to {max(sigmas):g} above, and "
        f"the denoiser's output after epoch {epoch} below."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(len(sigmas) + 1)), alt)


def draw_pure_noise(step: Step) -> Drawing:
    """Outputs for pure noise by epoch, beside the mean training image."""
    roles = epoch_roles(step)
    digits = int(step.params["digits"])
    rows: list[Images] = []
    row_labels: list[str] = []
    origins: list[Origin] = []
    for epoch, role in roles.items():
        arrays = _read_denoised(step, role)
        if not rows:
            rows, row_labels = [arrays["noisy"][0, :digits]], ["pure noise"]
            origins = [UNKNOWN]
        rows.append(arrays["output"][0, :digits])
        row_labels.append(epoch_label(epoch))
        origins.append(Origin(role))
    mean = arrays["mean_image"][None, None]
    outputs = Block(
        np.stack(rows), row_labels=row_labels, origin=_seeded(step), row_origins=origins
    )
    beside = Block(mean, title="mean training image", origin=Origin(_data_of(role)))
    alt = (
        f"{digits} inputs of pure noise and the outputs {after_epochs(roles)}, "
        f"beside the mean training image."
    )
    sheet = draw_blocks([outputs, beside], choose_scale(digits + 2), is_across=True)
    return Drawing.of_sheet(sheet, alt)


def _data_of(role: str) -> str:
    """The role of the data set that the checkpoint of `role` was tried on."""
    return f"{role}/data"


def _noised(sigmas: Sequence[float]) -> list[Origin]:
    """Of columns, each at a sigma of its own."""
    return [Origin(params={"sigma": sigma}) for sigma in sigmas]


def _seeded(step: Step) -> Origin:
    """Digits and noise are drawn from the seed of the figure."""
    return Origin(params={"seed": step.params["seed"]})


def _read_denoised(step: Step, role: str) -> dict[str, Images]:
    arrays = step.read_arrays(role, f"seed-{step.params['seed']}.safetensors")
    wanted = int(step.params.get("digits", 1))
    if arrays["clean"].shape[0] < wanted:
        raise StepFailed(
            f"{step.name}: {step.inputs[role].name} holds {arrays['clean'].shape[0]} digits, "
            f"expected at least {wanted}"
        )
    return arrays
