"""A picture under growing noise, and what blurring makes of it."""

from __future__ import annotations

from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.inputs import metric
from tasks.figures.drawing.picture_inputs import (
    all_timesteps,
    at_timesteps,
    noisy_timesteps,
    timestep_labels,
)
from tasks.figures.drawing.picture_sheet import Picture, draw_pictures
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.drawing.style import SIGMA
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_blur(step: Step) -> Drawing:
    """Noisy, blurred with the declared kernel, and with the sigma that restores most."""
    timesteps = noisy_timesteps(step, "blurred")
    arrays = step.read_arrays("blurred", "blurred.safetensors")
    params = step.inputs["blurred"].params
    best = [
        Picture(
            to_pixels(image),
            f"{SIGMA} = {sigma:.2g}, {metric(step, 'blurred', f'best_psnr_{t}'):.1f} dB",
            role="blurred",
        )
        for image, sigma, t in zip(arrays["best"], arrays["best_sigma"], timesteps, strict=True)
    ]
    sheet = draw_pictures(
        [at_timesteps(step, "noisy", timesteps), at_timesteps(step, "blurred", timesteps), best],
        row_labels=[
            "noisy",
            f"Gaussian blur, kernel {params['kernel']}, {SIGMA} = {params['sigma']:.3g}",
            f"Gaussian blur, best {SIGMA} for each t",
        ],
        column_labels=timestep_labels(timesteps),
    )
    alt = (
        f"A picture with noise at {all_timesteps(timesteps)}, and the same blurred with a Gaussian "
        f"of {SIGMA} = {params['sigma']:.3g} and with the {SIGMA} that comes closest to the "
        "original."
    )
    return Drawing.of_sheet(sheet, alt)


PLOTS = [Plot("blur", draw_blur, drawn_as="blur_rows")]
