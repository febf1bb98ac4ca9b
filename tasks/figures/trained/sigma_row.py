"""A digit at every noise level, and the denoiser's output for each."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.drawn import Drawing, Origin
from tasks.figures.drawing.grid import Block, choose_scale, draw_blocks
from tasks.figures.drawing.inputs import (
    at_sigmas,
    data_of,
    epoch_roles,
    nearest,
    read_denoised,
    seeded,
    sigma_label,
)
from tasks.figures.drawing.style import SIGMA
from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_sigma_row(step: Step) -> Drawing:
    """One and the same digit at every sigma: noisy above, output of the last checkpoint below.

    params: sigmas, those to show; all that the checkpoint was tried at if there are none.
    """
    epoch, role = list(epoch_roles(step).items())[-1]
    arrays = read_denoised(step, role)
    wanted = step.params.get("sigmas") or [float(sigma) for sigma in arrays["sigmas"]]
    shown = [nearest(arrays["sigmas"], sigma) for sigma in wanted]
    sigmas = [float(arrays["sigmas"][index]) for index in shown]
    digits = int(step.params.get("digits", 1))
    rows = [arrays[name][shown, digit] for digit in range(digits) for name in ("noisy", "output")]
    block = Block(
        np.stack(rows),
        row_labels=["noisy", "output"] * digits,
        column_labels=[sigma_label(sigma) for sigma in sigmas],
        origin=seeded(step),
        row_origins=[Origin(data_of(role)), Origin(role)] * digits,
        column_origins=at_sigmas(sigmas),
    )
    what = "One test digit" if digits == 1 else f"{digits} test digits"
    alt = (
        f"{what} with noise of {SIGMA} from {min(sigmas):g} to {max(sigmas):g} above, and "
        f"the denoiser's output after epoch {epoch} below."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(len(sigmas) + 1)), alt)


PLOTS = [Plot("sigma_row", draw_sigma_row, by_column)]
